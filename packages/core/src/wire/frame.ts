/**
 * Frames: events as msgpack, for crossing processes. Versioned and sequence-numbered, so that a reader can
 * order them, drop stale ones and resume; keys it does not know are ignored.
 */
import { decode, ExtensionCodec, encode } from '@msgpack/msgpack';
import type { Event } from '../contract/event.ts';
import { AnyToAnyError, type ErrorCode } from '../errors.ts';
import type { Welcome } from './welcome.ts';

export const frameVersion = 1;

export interface Frame {
  /** Which request the frame belongs to; many may share one connection. */
  readonly request: string;
  /** Counts the frames of a request from 0, without gaps. */
  readonly sequence: number;
  readonly body: Event | Failure | Welcome;
}

/** The last frame of a request that failed. */
export interface Failure {
  readonly type: 'error';
  readonly code: ErrorCode | 'UNKNOWN';
  readonly message: string;
}

/** Extension types: arrays of numbers in little-endian order. */
const float32Type = 1;
const uint32Type = 2;

/** How typed arrays are written; shared with what goes the other way. */
export const extensions = new ExtensionCodec();
extensions.register({
  type: float32Type,
  encode: (value) => (value instanceof Float32Array ? bytesOf(value) : null),
  decode: (bytes) => new Float32Array(copyOf(bytes)),
});
extensions.register({
  type: uint32Type,
  encode: (value) => (value instanceof Uint32Array ? bytesOf(value) : null),
  decode: (bytes) => new Uint32Array(copyOf(bytes)),
});

const known: ReadonlySet<string> = new Set<Frame['body']['type']>([
  'segment-start',
  'segment-delta',
  'segment-end',
  'progress',
  'finish',
  'error',
  'welcome',
]);

export function encodeFrame({ request, sequence, body }: Frame): Uint8Array {
  return encode(
    { v: frameVersion, req: request, seq: sequence, body },
    {
      extensionCodec: extensions,
      ignoreUndefined: true,
    },
  );
}

/** undefined: a kind of event this release does not know, to be skipped. Throws FORMAT_UNKNOWN. */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  let data: unknown;
  try {
    data = decode(bytes, { extensionCodec: extensions });
  } catch (cause) {
    throw new AnyToAnyError('FORMAT_UNKNOWN', 'Expected a msgpack frame, got something else.', { cause });
  }
  const { v, req, seq, body } = (typeof data === 'object' && data !== null ? data : {}) as Record<
    string,
    unknown
  >;
  if (v !== frameVersion || typeof req !== 'string' || !Number.isInteger(seq) || typeof body !== 'object') {
    throw new AnyToAnyError(
      'FORMAT_UNKNOWN',
      `Expected a frame of version ${frameVersion}, got version ${v}.`,
    );
  }
  const { type } = (body ?? {}) as { type?: unknown };
  if (typeof type !== 'string' || !known.has(type)) return undefined;
  // The sender's types are ours; what a newer sender adds is ignored.
  return { request: req, sequence: seq as number, body: body as Frame['body'] };
}

/** Numbers the events of one request; a failure becomes the last frame. */
export async function* toFrames(
  request: string,
  events: AsyncIterable<Event>,
): AsyncGenerator<Frame, void, undefined> {
  let sequence = 0;
  try {
    for await (const body of events) yield { request, sequence: sequence++, body };
  } catch (error) {
    const code = AnyToAnyError.is(error) ? error.code : 'UNKNOWN';
    const message = error instanceof Error ? error.message : String(error);
    yield { request, sequence, body: { type: 'error', code, message } };
  }
}

function bytesOf(array: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Aligned, and of these bytes alone: sockets give Buffers, whose `slice()` shares the memory of all they hold. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
