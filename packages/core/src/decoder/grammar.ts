/**
 * Segment grammar: which ids are legal at a position, so that delimiters are well formed by construction.
 * A segment opens with its mark, holds ids of its own region (exactly rows × columns for a grid), and closes.
 */
import type { Layout, Shape } from '../contract/layout.ts';
import type { Region, TokenSpace } from '../token-space/space.ts';

/** What may come at the next position of an open segment. */
export type Next =
  | { readonly kind: 'close' }
  /** Ids of the region; `close` says whether the closing mark is legal too. */
  | { readonly kind: 'ids'; readonly close: boolean };

export interface SegmentState {
  readonly region: Region;
  readonly layout: Layout;
  readonly shape: Shape;
  /** Most ids of a segment whose shape fixes none. */
  readonly maxIds: number;
}

/** `count` ids are already in the segment. */
export function nextInSegment(segment: SegmentState, count: number): Next {
  const exact = segment.layout.count(segment.shape);
  if (exact !== undefined) return count >= exact ? { kind: 'close' } : { kind: 'ids', close: false };
  return count >= segment.maxIds ? { kind: 'close' } : { kind: 'ids', close: count > 0 };
}

/** Logits of a modality's head: local ids, then the closing mark. Makes the illegal ones −Infinity. */
export function maskSegment(logits: Float32Array, next: Next): void {
  if (next.kind === 'ids' && !next.close) logits[logits.length - 1] = -Infinity;
}

/** Logits of the marks' head: leaves the opening marks of `modalities`, and the end if it is allowed. */
export function maskMarks(
  logits: Float32Array,
  space: TokenSpace,
  modalities: readonly string[],
  mayEnd: boolean,
): void {
  const legal = new Set(modalities.map((modality) => space.region(modality).open));
  if (mayEnd) legal.add(space.end);
  for (let id = 0; id < logits.length; id++) if (!legal.has(id)) logits[id] = -Infinity;
}
