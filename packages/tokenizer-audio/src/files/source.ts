/**
 * A path or bytes → what readers take: size, first bytes, and all of it in pieces. Comes before everything that reads.
 * Only regular files: devices and pipes have no end. Fetches nothing: no URLs.
 */
import { constants, type FileHandle, open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { AnyToAnyError } from '@any-to-any/core';
import { invalid } from './check.ts';

export interface Source {
  /** Undefined for bytes. */
  readonly path: string | undefined;
  /** Bytes in all. */
  readonly size: number;
  /** The first bytes, at most 64 KiB. */
  readonly head: Uint8Array;
  /** All bytes from the first on; other work has room between the pieces. */
  pieces(): AsyncGenerator<Uint8Array, void, undefined>;
  close(): Promise<void>;
}

const headBytes = 64 * 1024;
const pieceBytes = 256 * 1024;

/** Throws CONTENT_INVALID for what cannot be read or is empty, CONTENT_TOO_LARGE beyond `limit` bytes. */
export async function openSource(source: string | Uint8Array, limit: number): Promise<Source> {
  if (typeof source === 'string') return openFile(source, limit);
  if (!(source instanceof Uint8Array)) throw invalid(`Expected a path or bytes, got ${typeof source}.`);
  checkSize(source.length, limit);
  return {
    path: undefined,
    size: source.length,
    head: source.subarray(0, headBytes),
    async *pieces() {
      for (let at = 0; at < source.length; at += pieceBytes) {
        yield source.subarray(at, at + pieceBytes);
        await setImmediate();
      }
    },
    close: async () => {},
  };
}

async function openFile(path: string, limit: number): Promise<Source> {
  // Without waiting: opening a pipe would otherwise last until somebody writes to it.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags).catch((cause: unknown) => {
    throw cannotRead(path, cause);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw invalid(`"${path}" is not a file. Give the path of a sound file.`);
    checkSize(stat.size, limit);
    const head = await read(file, path, 0, Math.min(headBytes, stat.size));
    return {
      path,
      size: stat.size,
      head,
      async *pieces() {
        for (let at = 0; at < stat.size; ) {
          const piece = await read(file, path, at, Math.min(pieceBytes, stat.size - at));
          if (piece.length === 0) return; // somebody has shortened the file
          yield piece;
          at += piece.length;
        }
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function read(file: FileHandle, path: string, at: number, length: number): Promise<Uint8Array> {
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, at);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function cannotRead(path: string, cause: unknown): AnyToAnyError {
  return invalid(`Cannot read "${path}": ${String(cause)}. Give the path of a sound file.`, { cause });
}

function checkSize(bytes: number, limit: number): void {
  if (bytes === 0) throw invalid('Expected a sound file, got 0 bytes. Give a complete file.');
  if (bytes <= limit) return;
  throw new AnyToAnyError(
    'CONTENT_TOO_LARGE',
    `Expected at most ${limit} bytes, got ${bytes}. Give a smaller file or raise the option bytes.`,
    { bytes, limit },
  );
}
