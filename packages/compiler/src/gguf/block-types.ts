/**
 * The element types of GGUF that are read, and their way to float32. A block holds 32 or 256 neighbours of a row.
 * Layouts: `ggml-common.h` and `ggml-quants.c` of github.com/ggml-org/llama.cpp. Everything is little endian.
 */
import { halfToFloat, toFloat32 } from '../safetensors/dtype.ts';

export interface BlockType {
  readonly name: string;
  /** Elements and bytes of one block. */
  readonly elements: number;
  readonly bytes: number;
  /** Whole blocks → floats. */
  decode(bytes: Uint8Array): Float32Array;
}

/** Writes one block at `at` of `into`. */
type DecodeBlock = (block: Uint8Array, into: Float32Array, at: number) => void;

/** By the number of the type in a file. */
export const blockTypes: ReadonlyMap<number, BlockType> = new Map<number, BlockType>([
  [0, plain('F32', 4)],
  [1, plain('F16', 2)],
  [2, blocks('Q4_0', 32, 18, (b, into, at) => nibbles(b, 2, into, at, half(b, 0), -8 * half(b, 0)))],
  [3, blocks('Q4_1', 32, 20, (b, into, at) => nibbles(b, 4, into, at, half(b, 0), half(b, 2)))],
  [6, blocks('Q5_0', 32, 22, (b, into, at) => fifths(b, 2, 6, into, at, half(b, 0), -16 * half(b, 0)))],
  [7, blocks('Q5_1', 32, 24, (b, into, at) => fifths(b, 4, 8, into, at, half(b, 0), half(b, 2)))],
  [8, blocks('Q8_0', 32, 34, bytesOfEight)],
  [12, blocks('Q4_K', 256, 144, (b, into, at) => kBlock(b, undefined, 16, into, at))],
  [13, blocks('Q5_K', 256, 176, (b, into, at) => kBlock(b, 16, 48, into, at))],
  [14, blocks('Q6_K', 256, 210, sixBits)],
  [30, plain('BF16', 2)],
]);

function plain(name: 'F32' | 'F16' | 'BF16', bytes: number): BlockType {
  return { name, elements: 1, bytes, decode: (data) => toFloat32(data, name) };
}

function blocks(name: string, elements: number, bytes: number, decode: DecodeBlock): BlockType {
  return {
    name,
    elements,
    bytes,
    decode(data) {
      const count = data.length / bytes;
      const result = new Float32Array(count * elements);
      for (let index = 0; index < count; index++) {
        decode(data.subarray(index * bytes, (index + 1) * bytes), result, index * elements);
      }
      return result;
    },
  };
}

function half(block: Uint8Array, at: number): number {
  return halfToFloat(block[at]! | (block[at + 1]! << 8));
}

/** 32 weights of 4 bits, `scale * q + least`: low halves of 16 bytes, then their high halves. */
function nibbles(
  block: Uint8Array,
  from: number,
  into: Float32Array,
  at: number,
  scale: number,
  least: number,
): void {
  for (let i = 0; i < 16; i++) {
    const byte = block[from + i]!;
    into[at + i] = scale * (byte & 15) + least;
    into[at + 16 + i] = scale * (byte >> 4) + least;
  }
}

/** As `nibbles`, each with a fifth bit from 4 bytes at `high`. */
function fifths(
  block: Uint8Array,
  high: number,
  from: number,
  into: Float32Array,
  at: number,
  scale: number,
  least: number,
): void {
  const bit = (i: number): number => ((block[high + (i >> 3)]! >> (i & 7)) & 1) << 4;
  for (let i = 0; i < 16; i++) {
    const byte = block[from + i]!;
    into[at + i] = scale * ((byte & 15) | bit(i)) + least;
    into[at + 16 + i] = scale * ((byte >> 4) | bit(i + 16)) + least;
  }
}

function bytesOfEight(block: Uint8Array, into: Float32Array, at: number): void {
  const scale = half(block, 0);
  for (let i = 0; i < 32; i++) into[at + i] = scale * ((block[2 + i]! << 24) >> 24);
}

/** 8 groups of 32 with 6-bit scales and minima in 12 bytes; a fifth bit of each weight at `high`, if there is one. */
function kBlock(
  block: Uint8Array,
  high: number | undefined,
  from: number,
  into: Float32Array,
  at: number,
): void {
  const scale = half(block, 0);
  const least = half(block, 2);
  for (let group = 0; group < 8; group++) {
    const [factor, offset] = scaleAndMinimum(block, group);
    const start = from + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let i = 0; i < 32; i++) {
      const fifth = high === undefined ? 0 : ((block[high + i]! >> group) & 1) << 4;
      const level = ((block[start + i]! >> shift) & 15) | fifth;
      into[at + group * 32 + i] = scale * factor * level - least * offset;
    }
  }
}

/** The first four groups have 6 bits of a byte, the last four 4 bits, and 2 of the first four's bytes. */
function scaleAndMinimum(block: Uint8Array, group: number): [number, number] {
  const byte = (index: number): number => block[4 + index]!;
  if (group < 4) return [byte(group) & 63, byte(group + 4) & 63];
  return [
    (byte(group + 4) & 15) | ((byte(group - 4) >> 6) << 4),
    (byte(group + 4) >> 4) | ((byte(group) >> 6) << 4),
  ];
}

/** Two halves of 128: 64 bytes of low bits, 32 bytes of two high bits, 8 scales of 16 weights each. */
function sixBits(block: Uint8Array, into: Float32Array, at: number): void {
  const whole = half(block, 208);
  for (let part = 0; part < 2; part++) {
    for (let quarter = 0; quarter < 4; quarter++) {
      for (let i = 0; i < 32; i++) {
        const low = block[part * 64 + (quarter & 1) * 32 + i]! >> ((quarter >> 1) * 4);
        const high = (block[128 + part * 32 + i]! >> (quarter * 2)) & 3;
        const place = part * 128 + quarter * 32 + i;
        const scale = (block[192 + (place >> 4)]! << 24) >> 24;
        into[at + place] = whole * scale * (((low & 15) | (high << 4)) - 32);
      }
    }
  }
}
