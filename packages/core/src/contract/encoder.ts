/**
 * Encoder: content → continuous embeddings, for understanding only. It never generates.
 * Its embeddings enter the decoder directly, in a segment of their modality.
 */
import type { Content } from './content.ts';
import type { Layout, Shape } from './layout.ts';
import type { EncodeOptions } from './tokenizer.ts';

export interface Encoder<C extends Content = Content> {
  readonly modality: string;
  /** Width of one embedding. Must equal the decoder's width. */
  readonly width: number;
  /** Shares the buckets of its modality's region, so `layout.buckets` equals the tokenizer's. */
  readonly layout: Layout;
  encode(content: C, options?: EncodeOptions): Promise<EncodedEmbeddings>;
}

export interface EncodedEmbeddings {
  /** `[count, width]`, row-major. */
  readonly embeddings: Float32Array;
  readonly count: number;
  readonly shape: Shape;
}
