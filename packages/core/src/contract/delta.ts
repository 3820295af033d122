/**
 * Deltas: the pieces in which a segment appears. Joining all deltas of a segment gives its content.
 * For images the joining rule is "latest revision per rectangle wins".
 */
import type { Content } from './content.ts';

export interface Delta {
  readonly modality: string;
}

/** Text is joined by appending. Never half a character. */
export interface TextDelta extends Delta {
  readonly modality: 'text';
  readonly text: string;
}

/** A patch: a rectangle of pixels inside a picture of `width × height`. */
export interface ImageDelta extends Delta {
  readonly modality: 'image';
  /** Size of the whole picture this patch belongs to, pixels. */
  readonly width: number;
  readonly height: number;
  /** Where the patch lies, pixels from the top left. */
  readonly rectangle: Rectangle;
  /** Straight RGBA of the rectangle, `rectangle.width * rectangle.height * 4` bytes. */
  readonly data: Uint8Array;
  /** 0 is the first draft; a later revision of the same rectangle replaces an earlier one. */
  readonly revision: number;
  /** Remaining noise of the patch, 0 when it is final. */
  readonly sigma: number;
  /** The local ids that lie under the rectangle, rows from the top, where the tokenizer tells them. */
  readonly ids?: Uint32Array | undefined;
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Sound is joined by appending. */
export interface SoundDelta extends Delta {
  readonly modality: 'audio';
  /** Samples per second, Hz. */
  readonly rate: number;
  readonly samples: Float32Array;
}

/** A delta of a third-party modality that arrives whole, or that its own tokenizer joins. */
export interface PluginDelta<C extends Content = Content> extends Delta {
  readonly content: C;
}
