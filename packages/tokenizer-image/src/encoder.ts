/**
 * The understanding encoder: a picture → a few continuous embeddings for the decoder to read. It never generates.
 * Decoupled from the VQ ids as in Janus (Wu et al. 2024, arXiv 2410.13848).
 */
import {
  AnyToAnyError,
  type EncodedEmbeddings,
  type EncodeOptions,
  type Encoder,
  type Graph,
  gridLayout,
  type ImageContent,
  throwIfAborted,
} from '@any-to-any/core';
import type { EncoderOptions } from './options.ts';
import { fitPixels } from './picture/fit.ts';

export function imageEncoder(options: EncoderOptions, graph: Graph): Encoder<ImageContent> {
  return {
    modality: 'image',
    width: options.width,
    layout: gridLayout({ clip: options.clip, block: 1 }),
    encode: (content, encodeOptions) => understand(content, options, graph, encodeOptions),
  };
}

/** Fits the picture into `side × side` pixels; embeddings come in raster order. */
async function understand(
  content: ImageContent,
  { side, grid: [rows, columns], width, pixels }: EncoderOptions,
  graph: Graph,
  { signal }: EncodeOptions = {},
): Promise<EncodedEmbeddings> {
  throwIfAborted(signal, 'encode');
  const data = await fitPixels(content, side, side, pixels);
  throwIfAborted(signal, 'encode');
  const { embeddings } = await graph.run({ pixels: { data, dims: [1, 3, side, side] } }, signal);
  throwIfAborted(signal, 'encode');
  const count = rows * columns;
  if (!(embeddings?.data instanceof Float32Array) || embeddings.data.length !== count * width) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `Expected embeddings float32 [1, ${count}, ${width}], got [${embeddings?.dims.join(', ')}]. ` +
        'The graph does not match the options of the manifest.',
      { stage: 'encode', expected: [1, count, width], actual: embeddings?.dims },
    );
  }
  return { embeddings: embeddings.data, count, shape: { kind: 'grid', rows, columns } };
}
