/**
 * Events → JSON, one line each: bytes and samples become base64 (samples as little-endian float32), ids become numbers.
 */
import { endianness } from 'node:os';
import type { Event } from '@any-to-any/core';

/** `{ type: 'segment-end', ids: Uint32Array [3, 1], … }` → `{"type":"segment-end","ids":[3,1],…}` */
export function eventLine(event: Event): string {
  return `${JSON.stringify(plain(event))}\n`;
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return base64(value);
  if (value instanceof Float32Array) return base64(littleEndian(value));
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<number>, plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

function littleEndian(samples: Float32Array): Uint8Array {
  const bytes = Buffer.from(samples.slice().buffer);
  return endianness() === 'LE' ? bytes : bytes.swap32();
}
