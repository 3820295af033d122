/** What the client shares with the rest: the joining rule of pictures, and code that runs in browsers. */
import { PictureBuilder } from '@any-to-any/client';
import type { ImageDelta } from '@any-to-any/core';
import { joinImage } from '@any-to-any/tokenizer-image';
import { describe, expect, it } from 'vitest';
import { importsOf, localTarget, packageOf, read } from '../source.ts';

/** Numbers from 0 to below 1, the same every time (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('a picture on a canvas', () => {
  it('equals what the library joins, for any patches in any order', () => {
    for (let seed = 0; seed < 200; seed++) {
      const next = random(seed);
      const whole = (most: number): number => Math.floor(next() * most);
      const scales = seed % 2 === 0 ? [1] : [1, 2, 4];
      const patches = Array.from({ length: 12 }, (): ImageDelta => {
        const scale = scales[whole(scales.length)]!;
        const [width, height] = [6 * scale, 4 * scale];
        const [x, y] = [whole(width), whole(height)];
        const rectangle = { x, y, width: 1 + whole(width - x), height: 1 + whole(height - y) };
        const data = Uint8Array.from({ length: rectangle.width * rectangle.height * 4 }, () => whole(256));
        return { modality: 'image', width, height, rectangle, data, revision: whole(4), sigma: 0 };
      });
      const picture = new PictureBuilder();
      for (const patch of patches) picture.add(patch);
      const joined = joinImage(patches);
      expect([seed, picture.width, picture.height]).toEqual([seed, joined.width, joined.height]);
      expect([seed, Buffer.compare(picture.data, joined.data)]).toEqual([seed, 0]);
    }
  });
});

describe('what browsers load', () => {
  /** Every file that is loaded with `entry`, and the packages they name; types are not loaded. */
  function loaded(entry: string, seen = new Set<string>()): Set<string> {
    if (seen.has(entry)) return seen;
    seen.add(entry);
    const code = read(entry).replace(/^(import|export) type [^;]*;/gm, '');
    for (const specifier of importsOf(code)) {
      const target = localTarget(entry, specifier);
      if (target) loaded(target, seen);
      else seen.add(specifier);
    }
    return seen;
  }
  const foreign = (entry: string): string[] =>
    [...loaded(entry)].filter((one) => !one.startsWith('packages/')).sort();

  it('the wire: msgpack and nothing else', () => {
    expect(foreign('packages/core/src/wire/index.ts')).toEqual(['@msgpack/msgpack']);
  });

  it('the client: the wire and nothing else', () => {
    expect(foreign('packages/client/src/index.ts')).toEqual(['@any-to-any/core/wire']);
  });

  it('the page: the client and the wire', () => {
    expect(foreign('packages/studio/src/page/main.ts').map(packageOf)).toEqual([
      '@any-to-any/client',
      '@any-to-any/core',
    ]);
  });
});
