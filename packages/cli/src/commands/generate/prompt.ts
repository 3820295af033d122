/**
 * The command line → the content of a request, in the order in which it stands there.
 * A model reads in order: "question, picture" and "picture, question" are different prompts.
 */
import { addAbortSignal } from 'node:stream';
import { AnyToAnyError, type Content, type TextContent } from '@any-to-any/core';
import type { Command } from 'commander';
import { type Medium, mediumOf } from '../../media.ts';
import type { Surroundings } from '../../surroundings.ts';

/** A text, or a file and how it is read. */
export type Item = { readonly text: string } | { readonly medium: Medium; readonly path: string };

/** Most bytes of a text from stdin; far more than any context holds. */
const mostBytes = 1 << 20;

/** `['--image', 'cat.png', 'what is it?', '--seed', '1']` → the picture, then the text. */
export function itemsOf(args: readonly string[], command: Command): Item[] {
  const items: Item[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      items.push(...rest.splice(0).map((text) => ({ text })));
    } else if (arg === '-' || !arg.startsWith('-')) {
      items.push({ text: arg });
    } else {
      const [flag, attached] = splitFlag(arg);
      const option = command.options.find(({ short, long }) => flag === short || flag === long);
      const value = attached ?? (option?.required ? rest.shift() : undefined);
      const medium = mediumOf(flag.slice(2));
      if (medium !== undefined && value !== undefined) items.push({ medium, path: value });
    }
  }
  return items;
}

/** Reads the files and stdin. Throws CONTENT_*, FORMAT_UNKNOWN, ABORTED. */
export async function readItems(items: readonly Item[], surroundings: Surroundings): Promise<Content[]> {
  const content: Content[] = [];
  for (const item of items) {
    content.push(
      'path' in item
        ? await item.medium.read(item.path, surroundings.signal)
        : await textOf(item.text, surroundings),
    );
  }
  return content;
}

function splitFlag(arg: string): [flag: string, value: string | undefined] {
  const at = arg.indexOf('=');
  return arg.startsWith('--') && at > 0 ? [arg.slice(0, at), arg.slice(at + 1)] : [arg, undefined];
}

async function textOf(text: string, surroundings: Surroundings): Promise<TextContent> {
  return { modality: 'text', text: text === '-' ? await readText(surroundings) : text };
}

async function readText({ stdin, signal }: Surroundings): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of addAbortSignal(signal, stdin)) {
    chunks.push(Buffer.from(chunk));
    bytes += chunk.length;
    if (bytes > mostBytes) {
      throw new AnyToAnyError(
        'CONTENT_TOO_LARGE',
        `Expected at most ${mostBytes} bytes on stdin. Give a shorter text.`,
      );
    }
  }
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
    return decoded.replace(/\r?\n$/, '');
  } catch (cause) {
    throw new AnyToAnyError('CONTENT_INVALID', 'Expected UTF-8 on stdin.', { cause });
  }
}
