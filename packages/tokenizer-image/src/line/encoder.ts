/**
 * An understanding encoder whose embeddings are a line: the queries of a Q-Former, or the patches of up to a few tiles.
 * Prepares the picture as the options say; never generates.
 */
import {
  AnyToAnyError,
  type EncodedEmbeddings,
  type Encoder,
  type Graph,
  type ImageContent,
  lineLayout,
  type Port,
  type Tensor,
  throwIfAborted,
} from '@any-to-any/core';
import { type LineOptions, readLineOptions } from './options.ts';
import { type Prepared, preparePixels } from './prepare.ts';

export async function openLineEncoder(port: Port, plugin: string): Promise<Encoder<ImageContent>> {
  const options = readLineOptions(port.options);
  const graph = await port.files.graph(options.graph);
  const inputs = options.pixels.fit === 'tiles' ? ['pixels', 'aspect'] : ['pixels'];
  if (`${graph.inputs}` === `${inputs}` && graph.outputs.includes('embeddings')) {
    return lineEncoder(options, graph);
  }
  throw new AnyToAnyError(
    'BUNDLE_INVALID',
    `Expected ${options.graph} to turn "${inputs}" into "embeddings", but it turns "${graph.inputs}" into ` +
      `"${graph.outputs}". Compile the bundle again.`,
    { plugin, path: options.graph },
  );
}

export function lineEncoder(options: LineOptions, graph: Graph): Encoder<ImageContent> {
  const { width, buckets, maxDistance } = options;
  return {
    modality: 'image',
    width,
    layout: lineLayout({ buckets, maxDistance }),
    async encode(content, { signal } = {}) {
      throwIfAborted(signal, 'encode');
      const prepared = await preparePixels(content, options.pixels);
      throwIfAborted(signal, 'encode');
      const { embeddings } = await graph.run(feeds(prepared, options), signal);
      throwIfAborted(signal, 'encode');
      return checked(embeddings, prepared.tiles * options.count, width);
    },
  };
}

function feeds({ data, aspect }: Prepared, { pixels }: LineOptions): Record<string, Tensor> {
  const { side } = pixels;
  if (pixels.fit === 'stretch') return { pixels: { data, dims: [1, 3, side, side] } };
  return {
    pixels: { data, dims: [pixels.most, 3, side, side] },
    aspect: { data: BigInt64Array.of(BigInt(aspect)), dims: [1] },
  };
}

function checked(embeddings: Tensor | undefined, count: number, width: number): EncodedEmbeddings {
  if (embeddings?.data instanceof Float32Array && embeddings.data.length === count * width) {
    return { embeddings: embeddings.data, count, shape: { kind: 'line' } };
  }
  throw new AnyToAnyError(
    'SHAPE_MISMATCH',
    `Expected embeddings float32 [1, ${count}, ${width}], got [${embeddings?.dims.join(', ')}]. ` +
      'The graph does not match the options of the manifest.',
    { stage: 'encode', expected: [1, count, width], actual: embeddings?.dims },
  );
}
