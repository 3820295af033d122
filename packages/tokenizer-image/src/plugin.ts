/**
 * What a pipeline registers to read and draw pictures.
 */
import { AnyToAnyError, type Graph, type Plugin, type Port, rejectUnknownOptions } from '@any-to-any/core';
import { imageEncoder } from './encoder.ts';
import { openLineEncoder } from './line/encoder.ts';
import { readEncoderOptions, readTokenizerOptions } from './options.ts';
import { imageTokenizer } from './tokenizer.ts';
import type { Previews } from './vq/decode.ts';

export interface ImagePluginOptions {
  /** Whether patches appear as drafts before they can be exact. Default `draft`. */
  readonly previews?: Previews | undefined;
}

const name = '@any-to-any/tokenizer-image';

/** The tokenizer and the understanding encoder of the modality `image`. */
export function imagePlugin(options: ImagePluginOptions = {}): Plugin {
  rejectUnknownOptions(options, ['previews'], 'imagePlugin');
  const previews = options.previews ?? 'draft';
  if (previews !== 'draft' && previews !== 'exact') {
    throw new AnyToAnyError('OPTION_INVALID', `previews must be "draft" or "exact", got "${previews}".`, {
      option: 'previews',
      plugin: name,
    });
  }
  return {
    name,
    contract: 1,
    register(registry) {
      registry.tokenizer('image', async (port) => {
        const settings = readTokenizerOptions(port.options);
        const [encode, decode] = await Promise.all([
          openGraph(port, settings.encode, 'pixels', 'ids'),
          settings.decode === undefined ? undefined : openGraph(port, settings.decode, 'ids', 'pixels'),
        ]);
        return imageTokenizer(settings, { encode, decode }, previews);
      });
      registry.encoder('image', async (port) => {
        if (port.options['kind'] === 'line') return openLineEncoder(port, name);
        const settings = readEncoderOptions(port.options);
        return imageEncoder(settings, await openGraph(port, settings.graph, 'pixels', 'embeddings'));
      });
    },
  };
}

async function openGraph(port: Port, path: string, input: string, output: string): Promise<Graph> {
  const graph = await port.files.graph(path);
  if (graph.inputs.join() === input && graph.outputs.includes(output)) return graph;
  throw new AnyToAnyError(
    'BUNDLE_INVALID',
    `Expected ${path} to turn "${input}" into "${output}", but it turns "${graph.inputs.join(', ')}" into ` +
      `"${graph.outputs.join(', ')}". Compile the bundle again.`,
    { plugin: name, path },
  );
}
