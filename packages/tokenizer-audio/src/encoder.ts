/**
 * The understanding encoder: a sound → a few continuous embeddings for the decoder to read. It never generates, and
 * hears the whole sound at once.
 */
import {
  AnyToAnyError,
  type EncodedEmbeddings,
  type EncodeOptions,
  type Encoder,
  type Graph,
  lineLayout,
  type Port,
  type SoundContent,
  throwIfAborted,
} from '@any-to-any/core';
import { openGraph } from './open.ts';
import { type EncoderOptions, readEncoderOptions } from './options.ts';
import { concatenate } from './samples/concatenate.ts';
import { checkSound, piecesOf, readPieces } from './samples/read.ts';

/** Throws OPTION_*, BUNDLE_INVALID. */
export async function openSoundEncoder(port: Port): Promise<Encoder<SoundContent>> {
  const options = readEncoderOptions(port.options);
  return soundEncoder(options, await openGraph(port, options.graph, ['samples'], ['embeddings']));
}

export function soundEncoder(options: EncoderOptions, graph: Graph): Encoder<SoundContent> {
  return {
    modality: 'audio',
    width: options.width,
    layout: lineLayout(options),
    encode: (content, encodeOptions) => understand(content, options, graph, encodeOptions),
  };
}

/** Resamples, fills up with zeros to whole embeddings. */
async function understand(
  content: SoundContent,
  { rate, stride, width, longest }: EncoderOptions,
  graph: Graph,
  { signal }: EncodeOptions = {},
): Promise<EncodedEmbeddings> {
  throwIfAborted(signal, 'encode');
  checkSound(content);
  const seconds = content.samples.length / content.rate;
  if (seconds > longest) {
    throw new AnyToAnyError(
      'CONTENT_TOO_LARGE',
      `A sound of ${seconds.toFixed(1)} s was given, the model hears ${longest} s at most. Cut it.`,
      { plugin: '@any-to-any/tokenizer-audio', stage: 'encode', seconds, longest },
    );
  }
  const pieces: Float32Array[] = [];
  for await (const piece of readPieces(piecesOf(content), content.rate, rate, signal)) pieces.push(piece);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const count = Math.ceil(length / stride);
  const data = concatenate([...pieces, new Float32Array(count * stride - length)]);
  const { embeddings } = await graph.run({ samples: { data, dims: [1, data.length] } }, signal);
  throwIfAborted(signal, 'encode');
  if (!(embeddings?.data instanceof Float32Array) || embeddings.data.length !== count * width) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `Expected embeddings float32 [1, ${count}, ${width}], got [${embeddings?.dims.join(', ')}]. ` +
        'The graph does not match the options of the manifest.',
      { stage: 'encode', expected: [1, count, width], actual: embeddings?.dims },
    );
  }
  return { embeddings: embeddings.data, count, shape: { kind: 'line' } };
}
