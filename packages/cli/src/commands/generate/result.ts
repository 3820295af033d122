/**
 * Where results go: text to stdout as it comes, everything with a file format to a file.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { AnyToAnyError, type Event } from '@any-to-any/core';
import { mediumOf, modalityOf } from '../../media.ts';
import { type Output, write } from '../../surroundings.ts';

export interface Results {
  /** The path of the file that the event completed, if any. */
  take(event: Event): Promise<string | undefined>;
}

/** The file of a modality's first content; undefined: its content goes to no file. */
export type PathOf = (modality: string) => string | undefined;

/**
 * Files after the first of a modality get `-2`, `-3`, … before their extension.
 * Without `stdout` text goes nowhere.
 */
export function createResults(stdout: Output | undefined, pathOf: PathOf, signal?: AbortSignal): Results {
  const files = new Map<string, number>();
  let text = '';
  return {
    async take(event) {
      if (event.type === 'segment-delta' && isText(event.delta)) {
        text = event.delta.text;
        if (stdout) await write(stdout, text);
      }
      if (event.type !== 'segment-end') return undefined;
      const { modality } = event.content;
      if (modality === 'text') {
        if (stdout && !text.endsWith('\n')) await write(stdout, '\n');
        text = '';
        return undefined;
      }
      const path = pathOf(modality);
      if (path === undefined) return undefined;
      const medium = mediumOf(modality);
      if (!medium) {
        throw new AnyToAnyError(
          'PLUGIN_MISSING',
          `This release of the command writes no files of ${modality}. Use --events to get the content as JSON.`,
          { modality },
        );
      }
      const count = (files.get(modality) ?? 0) + 1;
      files.set(modality, count);
      const target = numbered(path, count);
      await mkdir(dirname(target), { recursive: true });
      await medium.write(event.content, target, signal);
      return target;
    },
  };
}

/**
 * Each of `given` is the path of the modality its extension says. What else is made stands beside the first of them, or
 * is named after `words`; without words it gets no file. `['cat.png']`, `audio` → `cat.wav`
 */
export function namePaths(given: readonly string[], words: string | undefined): PathOf {
  return (modality) => {
    const own = given.find((path) => modalityOf(path) === modality);
    if (own !== undefined || words === undefined) return own;
    const [first] = given;
    const stem = first?.slice(0, first.length - extname(first).length) ?? nameOf(words);
    return `${stem}${mediumOf(modality)?.extensions[0] ?? ''}`;
  };
}

/** `A red apple, please!` → `a-red-apple-please`; letters and digits of every script stay. */
export function nameOf(text: string): string {
  const words =
    text
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  // 48 characters of 4 bytes, an extension and a temporary ending stay below the 255 bytes of a file name.
  return [...words.join('-')].slice(0, 48).join('').replace(/-$/, '') || 'out';
}

/** `cat.png`, 2 → `cat-2.png` */
export function numbered(path: string, count: number): string {
  if (count === 1) return path;
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)}-${count}${extension}`;
}

function isText(delta: { readonly modality: string }): delta is { modality: 'text'; text: string } {
  return delta.modality === 'text';
}
