/**
 * Content: one thing an app hands in or receives. Comes before every tokenizer and encoder.
 * Files are not content: plugins turn PNG, WAV and the like into these shapes and back.
 */

/** The common shape: any plugin may add its own content by naming a new modality. */
export interface Content {
  readonly modality: string;
}

export interface TextContent extends Content {
  readonly modality: 'text';
  readonly text: string;
}

/** Straight (not premultiplied) 8-bit RGBA, rows from the top. */
export interface ImageContent extends Content {
  readonly modality: 'image';
  readonly width: number;
  readonly height: number;
  /** `width * height * 4` bytes. */
  readonly data: Uint8Array;
}

/** Mono samples in −1…1. */
export interface SoundContent extends Content {
  readonly modality: 'audio';
  /** Samples per second, Hz. */
  readonly rate: number;
  readonly samples: Float32Array;
}
