import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AnyToAnyError,
  type Device,
  openBundle,
  openDevice,
  type Session,
  type Tensor,
} from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basisShape, forwardBasis, inverseBasis } from '../../blocks/spectrum.ts';
import type { StreamState } from '../../blocks/stream.ts';
import { compile } from '../../compile.ts';
import type { Model } from '../../onnx/model.ts';
import { saveModel } from '../../onnx/save.ts';
import type { TensorReader } from '../../safetensors/file.ts';
import { type TensorToWrite, writeSafetensors } from '../../safetensors/write.ts';
import {
  type Fixture,
  fixtures,
  largestDifference,
  openFixture,
  temporaryDirectory,
} from './fixture.test.kit.ts';
import { buildSoundDecode, buildSoundEncode } from './sound-codec.ts';
import { soundFault } from './sound-config.ts';
import { buildSoundEncoder } from './sound-encoder.ts';

let device: Device;
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let fixture: Fixture;
let cases: TensorReader;
beforeAll(async () => {
  temporary = await temporaryDirectory();
  device = await openDevice();
  fixture = await openFixture('sound');
  cases = await fixture.open('cases');
});
afterAll(async () => {
  device.close();
  await cases.close();
  await temporary.remove();
});

function parts() {
  const { tokenizer, encoder } = fixture.config.modalities[1]!;
  if (tokenizer.kind !== 'sound-codec' || encoder?.kind !== 'sound')
    throw new TypeError('the fixture has sound');
  return { tokenizer, encoder, decoderWidth: fixture.config.decoder.width };
}

async function openModel(model: Model): Promise<Session> {
  const path = join(temporary.path, `${model.name}.onnx`);
  await saveModel(model, path);
  return device.openSession(path);
}

/** Runs a stream piece by piece; each piece's feeds in, all outputs out. */
async function stream(
  session: Session,
  states: readonly StreamState[],
  pieces: readonly Record<string, Tensor>[],
) {
  let past = states.map(({ name, shape }): [string, Tensor] => {
    const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
    return [`past_${name}`, { data, dims: shape }];
  });
  const results: Record<string, Tensor>[] = [];
  for (const piece of pieces) {
    const result = await session.evaluate({ ...piece, ...Object.fromEntries(past) });
    past = states.map(({ name }) => [`past_${name}`, result[`present_${name}`]!]);
    results.push(result);
  }
  return results;
}

/** 19 frames in pieces of these lengths. */
const cuts = [[19], [1, 18], [2, 1, 3, 13], Array<number>(19).fill(1), [7, 7, 5]];

describe('the codec agrees with PyTorch, whole and in pieces', () => {
  let encode: Session;
  let decode: Session;
  let encodeStates: readonly StreamState[];
  let decodeStates: readonly StreamState[];
  beforeAll(async () => {
    const ledger = await fixture.ledger('audio-tokenizer');
    const { tokenizer } = parts();
    const [first, second] = [buildSoundEncode, buildSoundDecode].map((build) =>
      build(tokenizer, ledger.weights),
    );
    ledger.check(); // the two graphs use every tensor of the file
    encodeStates = first!.states;
    decodeStates = second!.states;
    encode = await openModel(first!.model);
    decode = await openModel(second!.model);
    await ledger.close();
  });
  afterAll(() => {
    encode.close();
    decode.close();
  });

  test.each(cuts)('samples to codes: %o …', async (...cut) => {
    const samples = await cases.read('samples');
    const pieces = slices(cut).map(([from, to]) => {
      const data = samples.slice(from * 320, to * 320);
      return { samples: { data, dims: [1, data.length] } };
    });
    const results = await stream(encode, encodeStates, pieces);
    const { codebooks } = parts().tokenizer;
    const expected = await cases.read('codes');
    const rows = Array.from({ length: codebooks }, (_, book) =>
      results.flatMap(({ codes }) => {
        const [, , frames] = codes!.dims;
        return [...(codes!.data as BigInt64Array)].slice(book * frames!, (book + 1) * frames!).map(Number); // int64
      }),
    );
    expect(rows.flat()).toEqual([...expected]);
    expect(new Set(rows.flat()).size).toBeGreaterThan(10);
  });

  test.each(cuts)('codes to samples: %o …', async (...cut) => {
    const codes = await cases.read('codes');
    const pieces = slices(cut).map(([from, to]) => {
      const rows = [0, 1, 2].flatMap((book) => [...codes.subarray(book * 19 + from, book * 19 + to)]);
      return { codes: { data: BigInt64Array.from(rows, BigInt), dims: [1, 3, to - from] } };
    });
    const results = await stream(decode, decodeStates, pieces);
    const parts = [...results.map(({ samples }) => samples!), results.at(-1)!['present_overlap']!];
    const all = Float32Array.from(parts.flatMap(({ data }) => [...(data as Float32Array)])).slice(480); // float32
    const expected = await cases.read('decoded');
    expect(Math.max(...expected)).toBeGreaterThan(0.2);
    expect(largestDifference(all, expected)).toBeLessThan(1e-5);
  });
});

test('the understanding encoder agrees with PyTorch', async () => {
  const ledger = await fixture.ledger('audio-encoder');
  const { encoder, decoderWidth } = parts();
  const model = buildSoundEncoder({ ...encoder, decoderWidth }, ledger.weights);
  ledger.check();
  const session = await openModel(model);
  await ledger.close();
  const heard = await cases.read('heard');
  const { embeddings } = await session.evaluate({ samples: { data: heard, dims: [1, heard.length] } });
  expect(embeddings!.dims).toEqual([1, 5, decoderWidth]);
  const expected = await cases.read('embeddings');
  expect(largestDifference(embeddings!.data as Float32Array, expected)).toBeLessThan(1e-5); // float32
  session.close();
});

describe('a checkpoint with sound becomes a bundle', () => {
  test.each(['f32', 'int8'] as const)('with a cache of %s', async (kv) => {
    const out = join(temporary.path, 'bundle');
    await compile(fixture.directory, out, { kv });
    const { manifest } = await openBundle(out);
    expect(manifest.space.regions.map(({ modality, size }) => [modality, size])).toEqual([
      ['text', 256],
      ['audio', 69],
    ]);
    const { tokenizer, encoder } = manifest.ports['audio']!;
    expect(encoder).toMatchObject({
      plugin: '@any-to-any/tokenizer-audio',
      options: {
        kind: 'sound',
        rate: 16_000,
        stride: 1280,
        width: 24,
        graph: 'audio-understand.onnx',
        longest: 12.8,
      },
    });
    expect(tokenizer).toMatchObject({
      plugin: '@any-to-any/tokenizer-audio',
      options: { kind: 'codec', stride: 320, size: 23, codebooks: 3, arrangement: 'flattened', buckets: 32 },
    });
    expect(tokenizer?.options['decode']).toMatchObject({ streaming: true, delay: 480, tail: 'overlap' });
    for (const direction of ['encode', 'decode'] as const) {
      // What `describeCodec` writes.
      const { graph, states } = tokenizer!.options[direction] as {
        graph: string;
        states: readonly StreamState[];
      };
      const session = await device.openSession(join(out, graph));
      const inputs = session.inputs.filter(({ name }) => name.startsWith('past_'));
      expect(inputs.map(({ name, dims }) => [name, dims])).toEqual(
        states.map(({ name, shape }) => [`past_${name}`, shape]),
      );
      session.close();
    }
  });
});

describe('the Fourier bases', () => {
  /** A copy of the checkpoint whose codec has these tensors as well. */
  async function withTensors(...more: readonly TensorToWrite[]): Promise<string> {
    const copy = join(temporary.path, 'copy');
    await cp(join(fixtures, 'sound'), copy, { recursive: true });
    const reader = await fixture.open('audio-tokenizer');
    const tensors: TensorToWrite[] = [...more];
    for (const { name, dtype, shape } of reader.tensors.values())
      tensors.push({ name, dtype, shape, data: await reader.read(name) });
    await reader.close();
    await writeSafetensors(join(copy, 'audio-tokenizer.safetensors'), tensors);
    return copy;
  }
  const forward = {
    name: 'encoder.mel.basis',
    dtype: 'F32',
    shape: basisShape,
    data: forwardBasis(),
  } as const;
  const inverse = {
    name: 'decoder.inverse.basis',
    dtype: 'F32',
    shape: basisShape,
    data: inverseBasis(),
  } as const;
  const out = () => join(temporary.path, 'bases');

  test('one row by hand: bin 160 is a quarter turn a sample', () => {
    const row = forwardBasis().subarray(160 * 640, 160 * 640 + 3);
    const hann = (n: number) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / 640);
    expect([...row].map((value) => value + 0)).toEqual(
      [0, 0, -hann(2)].map((value) => expect.closeTo(value, 7)),
    );
  });

  test('may be in the checkpoint, and are then left out of the bundle', async () => {
    await compile(await withTensors(forward, inverse), out());
    const { manifest } = await openBundle(out());
    const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
    expect(bytes).toBeLessThan(600_000);
  });

  test('must be what the graphs compute', async () => {
    const wrong = { ...inverse, data: forwardBasis() };
    const error = await compile(await withTensors(forward, wrong), out()).catch((thrown: unknown) => thrown);
    expect(AnyToAnyError.is(error, 'CHECKPOINT_INVALID')).toBe(true);
    expect(String(error)).toMatch(/"decoder.inverse.basis" is a constant of the family/);
  });
});

test('a codec must fit its region', () => {
  const { tokenizer } = parts();
  expect(soundFault(tokenizer, 69, 'line')).toBeUndefined();
  expect(soundFault(tokenizer, 23, 'line')).toMatch(/3 × 23 = 69, found 23/);
  expect(soundFault(tokenizer, 69, 'grid')).toMatch(/a line, found a grid/);
});

function slices(lengths: readonly number[]): [number, number][] {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return [at - length, at];
  });
}
