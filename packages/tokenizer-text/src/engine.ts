/**
 * Engine: what a byte-level BPE library must do for the tokenizer. Comes after the checks of `tokenizer.ts`.
 * It knows nothing of limits, signals, half characters or layouts.
 */
export interface Engine {
  /** One more than the largest id that stands for something. */
  readonly size: number;
  /** Longest text to hand over at once, UTF-16 units; longer text is cut at ends of words first. */
  readonly longest: number;
  /** Ids of well-formed, non-empty text. Strings that look like special tokens are ordinary text. */
  encode(text: string): ArrayLike<number>;
  /**
   * The UTF-8 bytes an id stands for, maybe a part of a character; empty for an id that stands for nothing.
   * `first`: no bytes came before in this segment (some vocabularies put a space there that nobody wrote).
   */
  bytes(id: number, first: boolean): Uint8Array;
}
