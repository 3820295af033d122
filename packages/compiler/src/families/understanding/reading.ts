/**
 * What bundles of models that read pictures and make only text have in common: a region of pictures without a table or
 * a head, whose embeddings come from an encoder.
 */
import type { ManifestParts } from '@any-to-any/core';
import { markCapacity, type Vocabulary } from '../llama/vocabulary.ts';

/** The graph of the encoder. */
export const understandFile = 'image-understand.onnx';

/** The mark that opens a segment of pictures; it has no position. */
export const pictureOpen = '<img>';

/** Pictures are as long as their embeddings; their positions have no buckets in these decoders. */
export const pictureLayout = { buckets: 32, maxDistance: 128 } as const;

export interface PictureReading {
  /** The mark that closes a segment of pictures. */
  readonly close: string;
  /** What a chat template writes where a picture stands. */
  readonly placeholder?: string | undefined;
  /** Options of the encoder of `@any-to-any/tokenizer-image`. */
  readonly encoder: Readonly<Record<string, unknown>>;
}

/** Adds the region of pictures, one id beyond the checkpoint's, and its encoder. */
export function describeReading(
  parts: ManifestParts,
  vocabulary: Vocabulary,
  size: number,
  { close, encoder }: PictureReading,
): ManifestParts {
  const region = {
    modality: 'image',
    open: pictureOpen,
    close,
    offset: markCapacity(vocabulary) + size,
    size: 1,
    layout: { kind: 'line', ...pictureLayout } as const,
  };
  const plugin = '@any-to-any/tokenizer-image';
  const options = { kind: 'line', ...pictureLayout, graph: understandFile, ...encoder };
  return {
    ...parts,
    space: { ...parts.space, regions: [...parts.space.regions, region] },
    ports: { ...parts.ports, image: { encoder: { plugin, options } } },
  };
}
