/**
 * Tokenizer: content ⇄ local ids `0 … size−1`. The first plugin kind, and all a new modality needs.
 * Local ids know nothing of other modalities; the token space gives them their place.
 */
import type { Content } from './content.ts';
import type { Delta } from './delta.ts';
import type { Layout, Shape } from './layout.ts';

export interface Tokenizer<C extends Content = Content, D extends Delta = Delta> {
  /** The modality whose region it fills. */
  readonly modality: string;
  /** How many local ids it uses. Must equal its region's size. */
  readonly size: number;
  readonly layout: Layout;
  /** The shape of a segment that is to be generated, checked against `options.shape` if the caller asked for one. */
  shape(requested?: Shape): Shape;
  encode(content: C, options?: EncodeOptions): Promise<EncodedIds>;
  /**
   * Decodes ids as they come. May hold back what is not certain yet (half a character, a patch without its halo),
   * never more than it must; flushes when `ids` ends.
   */
  decode(ids: AsyncIterable<number>, options: DecodeOptions): AsyncIterable<D>;
  /** Joins all deltas of one segment into its content. */
  join(deltas: Iterable<D>): C;
}

export interface EncodeOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface DecodeOptions {
  readonly shape: Shape;
  readonly signal?: AbortSignal | undefined;
}

export interface EncodedIds {
  /** Local ids, in the order of the layout. */
  readonly ids: Uint32Array;
  readonly shape: Shape;
}
