import { describe, expect, it } from 'vitest';
import { smallSpace } from '../testing/small-space.ts';
import { canonicalJson } from './canonical.ts';
import type { SpaceDescription } from './schema.ts';
import { createTokenSpace } from './space.ts';

const description = smallSpace({ text: 100, image: 20 });
const withRegion = (change: object): SpaceDescription => ({
  ...description,
  regions: [description.regions[0]!, { ...description.regions[1]!, ...change } as never],
});

describe('token space', () => {
  const space = createTokenSpace(description);

  it('turns local ids into global ones and back', () => {
    const image = space.region('image');
    expect(image.toGlobal(0)).toBe(108);
    expect(image.toGlobal(19)).toBe(127);
    for (let local = 0; local < 20; local++) expect(image.toLocal(image.toGlobal(local))).toBe(local);
    expect(image.toLocal(107)).toBeUndefined();
    expect(space.size).toBe(128);
  });

  it('gives buckets in order, after the row without bias', () => {
    expect(space.region('text').buckets).toEqual({ start: 1, count: 32 });
    expect(space.region('image').buckets).toEqual({ start: 33, count: 9 });
    expect(space.bucketCount).toBe(42);
  });

  it('moves no id and no bucket when a modality is added', () => {
    const grown = createTokenSpace({
      ...description,
      marks: { ...description.marks, capacity: 8, names: [...description.marks.names.slice(0, 7), '<aud>'] },
      regions: [
        ...description.regions,
        {
          modality: 'audio',
          open: '<aud>',
          close: '<pad>',
          offset: 128,
          size: 5,
          layout: { kind: 'plugin', buckets: 3 },
        },
      ],
    });
    for (const modality of ['text', 'image']) {
      expect(grown.region(modality).toGlobal(3)).toBe(space.region(modality).toGlobal(3));
      expect(grown.region(modality).buckets).toEqual(space.region(modality).buckets);
    }
    expect(grown.hash).not.toBe(space.hash);
  });

  it('knows the marks that take no position', () => {
    const quiet = createTokenSpace({
      ...description,
      marks: { ...description.marks, silent: ['<txt>', '</txt>'] },
    });
    expect(quiet.isSilent(quiet.mark('<txt>'))).toBe(true);
    expect(quiet.isSilent(quiet.mark('<img>'))).toBe(false);
    expect(quiet.hash).not.toBe(space.hash);
    const unknown = { ...description, marks: { ...description.marks, silent: ['<aud>'] } };
    expect(() => createTokenSpace(unknown)).toThrow(/SPACE_INVALID.*<aud>/);
  });

  it('reads a region from a table', () => {
    const odd = createTokenSpace(withRegion({ offset: undefined, table: [200, 108, 300], size: 3 }));
    expect(odd.region('image').toGlobal(2)).toBe(300);
    expect(odd.region('image').toLocal(108)).toBe(1);
    expect(odd.size).toBe(301);
  });

  it('hashes what it means, not how it is written', () => {
    const reordered = JSON.parse(
      JSON.stringify({ regions: description.regions, marks: description.marks, version: 1 }),
    );
    expect(createTokenSpace(reordered).hash).toBe(space.hash);
    expect(canonicalJson({ b: 1, a: [{ d: 2, c: undefined }] })).toBe('{"a":[{"d":2}],"b":1}');
  });

  it.each([
    [
      'REGION_OVERLAP',
      withRegion({ offset: 100 }),
      /text \(ids 8–107\) and image \(ids 100–119\) share 8 ids/,
    ],
    ['REGION_OVERLAP', withRegion({ offset: 3 }), /among the marks/],
    ['REGION_OVERLAP', withRegion({ offset: undefined, table: [50, 200], size: 2 }), /share 1 ids/],
    ['SPACE_INVALID', withRegion({ offset: undefined }), /offset or a table/],
    ['SPACE_INVALID', withRegion({ offset: undefined, table: [300, 300], size: 2 }), /lists 1 different/],
    ['SPACE_INVALID', withRegion({ open: '<vid>' }), /no mark <vid>/],
    ['SPACE_INVALID', withRegion({ modality: 'text' }), /"text" is used twice/],
    ['SPACE_INVALID', withRegion({ close: '</s>' }), /"<\/s>" is used twice/],
    ['SPACE_INVALID', { ...description, marks: { ...description.marks, capacity: 2 } }, /do not fit/],
  ])('refuses with %s', (code, bad, message) => {
    expect(() => createTokenSpace(bad)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('refuses ids out of range and unknown modalities', () => {
    for (const id of [-1, 20, 1.5, Number.NaN]) {
      expect(() => space.region('image').toGlobal(id)).toThrow(/ID_OUT_OF_RANGE/);
    }
    expect(() => space.region('smell')).toThrow(/MODALITY_UNKNOWN.*text, image/);
  });
});
