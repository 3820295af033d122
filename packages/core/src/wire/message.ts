/**
 * Messages: what a client says to a server, as msgpack; the answers are frames. Versioned like these.
 * Credit is a sequence number, not an amount: saying it twice does no harm, and a new connection can say it at once.
 */
import { decode, encode } from '@msgpack/msgpack';
import { AnyToAnyError } from '../errors.ts';
import { extensions, frameVersion } from './frame.ts';

export type Message = Generate | Credit | Cancel | Resume;

/** Begins a generation. Said again with the same name, it resumes from frame 0 instead of beginning another. */
export interface Generate {
  readonly type: 'generate';
  /** A name the client chooses; unique within its session. */
  readonly request: string;
  /** Frames below this number may be sent. */
  readonly until: number;
  /** The request of the pipeline as data, without its signal; whoever runs it checks it. */
  readonly ask: unknown;
}

/** Allows more frames. */
export interface Credit {
  readonly type: 'credit';
  readonly request: string;
  readonly until: number;
}

/** Stops a generation; nothing more is sent for it. */
export interface Cancel {
  readonly type: 'cancel';
  readonly request: string;
}

/** Goes on after a lost connection with frame `next`, the first one the client does not have. */
export interface Resume {
  readonly type: 'resume';
  readonly request: string;
  readonly next: number;
  readonly until: number;
}

export function encodeMessage({ type, request, ...rest }: Message): Uint8Array {
  return encode(
    { v: frameVersion, type, req: request, ...rest },
    { extensionCodec: extensions, ignoreUndefined: true },
  );
}

/** undefined: a kind of message this release does not know, to be skipped. Throws FORMAT_UNKNOWN. */
export function decodeMessage(bytes: Uint8Array): Message | undefined {
  let data: unknown;
  try {
    data = decode(bytes, { extensionCodec: extensions });
  } catch (cause) {
    throw new AnyToAnyError('FORMAT_UNKNOWN', 'Expected a msgpack message, got something else.', { cause });
  }
  const fields = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  const { v, type, req: request, until, next, ask } = fields;
  if (v !== frameVersion || typeof type !== 'string' || typeof request !== 'string') {
    throw new AnyToAnyError(
      'FORMAT_UNKNOWN',
      `Expected a message of version ${frameVersion}, got version ${v}.`,
    );
  }
  switch (type) {
    case 'generate':
      return { type, request, until: number(until, 'until'), ask };
    case 'credit':
      return { type, request, until: number(until, 'until') };
    case 'cancel':
      return { type, request };
    case 'resume':
      return { type, request, next: number(next, 'next'), until: number(until, 'until') };
    default:
      return undefined;
  }
}

function number(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new AnyToAnyError(
    'FORMAT_UNKNOWN',
    `Expected ${name} to be a whole number from 0, got ${String(value)}.`,
  );
}
