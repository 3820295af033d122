/**
 * The text tokenizer: text ⇄ local ids, over one of three engines. Comes after content, before the token space.
 * Nothing in a text ever becomes a special id: `<img>` and `<|endoftext|>` are encoded as the bytes they are.
 */
import { setImmediate } from 'node:timers/promises';
import {
  AnyToAnyError,
  type DecodeOptions,
  type EncodedIds,
  type EncodeOptions,
  type Layout,
  lineLayout,
  type Shape,
  type TextContent,
  type TextDelta,
  type Tokenizer,
  throwIfAborted,
} from '@any-to-any/core';
import { cut } from './cut.ts';
import type { Engine } from './engine.ts';
import { checkOptions, invalid, type TextOptions, where } from './options.ts';
import { encodingEngine, ranksEngine } from './tiktoken/engine.ts';
import { tokenizerJsonEngine } from './tokenizer-json/engine.ts';

export type TextTokenizer = Tokenizer<TextContent, TextDelta>;

const line: Shape = { kind: 'line' };

/**
 * Makes a tokenizer without a bundle.
 * Throws OPTION_UNKNOWN, OPTION_INVALID, and FORMAT_UNKNOWN for a file it cannot follow exactly.
 */
export async function createTextTokenizer(options: TextOptions): Promise<TextTokenizer> {
  checkOptions({ ...options }, 'bytes');
  const { buckets = 32, maxDistance = 128, maxBytes = 2 ** 20 } = options;
  if (maxDistance <= buckets / 2)
    throw invalid('maxDistance', `more than half of ${buckets} buckets`, maxDistance);
  const engine = await openEngine(options);
  const size = options.size ?? engine.size;
  if (size < engine.size) throw invalid('size', `at least the ${engine.size} ids of the tokenizer`, size);
  return textTokenizer(engine, size, lineLayout({ buckets, maxDistance }), maxBytes);
}

function openEngine(options: TextOptions): Promise<Engine> {
  switch (options.kind) {
    case 'tiktoken':
      return ranksEngine(options.ranks, options.pattern);
    case 'encoding':
      return encodingEngine(options.name);
    case 'tokenizer.json':
      return tokenizerJsonEngine(options.json);
  }
}

function textTokenizer(engine: Engine, size: number, layout: Layout, maxBytes: number): TextTokenizer {
  return {
    modality: 'text',
    size,
    layout,
    shape(requested) {
      if (requested !== undefined && requested.kind !== 'line') {
        throw new AnyToAnyError(
          'OPTION_INVALID',
          `Text is a line, not a ${requested.kind}. Ask for no shape.`,
        );
      }
      return line;
    },
    async encode(content, options) {
      const text = checkText(content, maxBytes);
      return { ids: await encodePieces(engine, text, options), shape: line } satisfies EncodedIds;
    },
    decode: (ids, options) => decodeIds(engine, size, ids, options),
    join(deltas) {
      let text = '';
      for (const delta of deltas) text += delta.text;
      return { modality: 'text', text };
    },
  };
}

/** The text, with each unpaired surrogate replaced by U+FFFD as TextEncoder does (WHATWG Encoding). */
function checkText(content: TextContent, maxBytes: number): string {
  // Callers without types hand in anything.
  const text: unknown = (content as TextContent | undefined)?.text;
  if (typeof text !== 'string' || content.modality !== 'text') {
    const got =
      typeof text === 'string'
        ? `modality ${JSON.stringify(content.modality)}`
        : `text of type ${typeof text}`;
    throw contentError(
      'CONTENT_INVALID',
      `Expected { modality: 'text', text: string }, got ${got}. Hand in text.`,
    );
  }
  const bytes = text.length > maxBytes ? text.length : Buffer.byteLength(text);
  if (bytes > maxBytes) {
    const message = `Text has ${bytes} bytes or more, the limit is ${maxBytes}. Shorten it or raise "maxBytes".`;
    throw contentError('CONTENT_TOO_LARGE', message);
  }
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

function contentError(code: 'CONTENT_INVALID' | 'CONTENT_TOO_LARGE', message: string): AnyToAnyError {
  return new AnyToAnyError(code, message, { plugin: where, stage: 'encode' });
}

/** Encodes piece by piece and lets other work run in between: 2,048 characters take 1 ms, or 7 by tokenizer.json. */
async function encodePieces(engine: Engine, text: string, options?: EncodeOptions): Promise<Uint32Array> {
  throwIfAborted(options?.signal, 'encode');
  const pieces: Uint32Array[] = [];
  let count = 0;
  let sinceBreak = 0;
  for (const piece of cut(text, engine.longest)) {
    if (sinceBreak + piece.length > 2048 && sinceBreak > 0) {
      await setImmediate();
      throwIfAborted(options?.signal, 'encode');
      sinceBreak = 0;
    }
    const ids = Uint32Array.from(engine.encode(piece));
    pieces.push(ids);
    count += ids.length;
    sinceBreak += piece.length;
  }
  const all = new Uint32Array(count);
  let at = 0;
  for (const ids of pieces) {
    all.set(ids, at);
    at += ids.length;
  }
  return all;
}

/** Bytes that are no UTF-8 become U+FFFD; the bytes of a character that has only begun are held back. */
async function* decodeIds(
  engine: Engine,
  size: number,
  ids: AsyncIterable<number>,
  options: DecodeOptions,
): AsyncGenerator<TextDelta> {
  // U+FEFF at the beginning is text here, not a byte-order mark.
  const characters = new TextDecoder('utf-8', { ignoreBOM: true });
  let first = true;
  throwIfAborted(options.signal, 'decode');
  for await (const id of ids) {
    throwIfAborted(options.signal, 'decode');
    if (!Number.isInteger(id) || id < 0 || id >= size) {
      const message = `Text has ids 0–${size - 1}, got ${id}. Decode with the tokenizer that made the ids.`;
      throw new AnyToAnyError('ID_OUT_OF_RANGE', message, { plugin: where, stage: 'decode', id });
    }
    const bytes = engine.bytes(id, first);
    first = false;
    const text = characters.decode(bytes, { stream: true });
    if (text !== '') yield { modality: 'text', text };
  }
  const rest = characters.decode();
  if (rest !== '') yield { modality: 'text', text: rest };
}
