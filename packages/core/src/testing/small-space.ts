/** Token spaces of a few ids, as fakes speak them. */
import type { SpaceDescription } from '../token-space/schema.ts';

const line = { kind: 'line', buckets: 32, maxDistance: 128 } as const;
const grid = { kind: 'grid', clip: 1, block: 1 } as const;
const kinds = {
  text: { open: '<txt>', close: '</txt>', layout: line },
  image: { open: '<img>', close: '</img>', layout: grid },
  audio: { open: '<aud>', close: '</aud>', layout: line },
} as const;

/**
 * Regions of so many ids each, text, image and audio in this order, one after the other behind room for `capacity` marks:
 * the usual ones and two for each region.
 */
export function smallSpace(
  sizes: Partial<Record<keyof typeof kinds, number>>,
  capacity = 8,
): SpaceDescription {
  const modalities = (Object.keys(kinds) as (keyof typeof kinds)[]).filter((each) => sizes[each]); // the keys of a literal
  let offset = capacity;
  const regions = modalities.map((modality) => {
    const region = { modality, ...kinds[modality], offset, size: sizes[modality]! };
    offset += region.size;
    return region;
  });
  const delimiters = regions.flatMap(({ open, close }) => [open, close]);
  return {
    version: 1,
    marks: { capacity, names: ['<pad>', '<s>', '</s>', ...delimiters], begin: '<s>', end: '</s>' },
    regions,
  };
}
