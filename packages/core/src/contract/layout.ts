/**
 * Layout: how the positions of one segment are arranged, and which relative-position bucket two of them share.
 * Declared by tokenizers and encoders, used by the decoder. `token-space/layout.ts` has the two standard ones.
 */

/** The arrangement of one segment: a grid has rows and columns, a line has neither. */
export type Shape =
  | { readonly kind: 'line' }
  | { readonly kind: 'grid'; readonly rows: number; readonly columns: number };

export interface Layout {
  readonly kind: Shape['kind'];
  /** How many relative-position buckets the layout uses. 0: none. */
  readonly buckets: number;
  /**
   * The bucket, `0 … buckets−1`, of a query position that looks at a key position of the same segment.
   * Both are indices in the segment, counted from 0, with `key <= query`. Pure.
   */
  bucket(query: number, key: number, shape: Shape): number;
  /** Exactly how many ids a segment of this shape has; undefined: as many as come before its closing mark. */
  count(shape: Shape): number | undefined;
}
