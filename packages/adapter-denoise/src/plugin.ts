/**
 * What a pipeline registers to sharpen and enlarge the pictures of a bundle with a patch stage, or any by Lanczos.
 */
import { AnyToAnyError, type Graph, type Plugin, type Port } from '@any-to-any/core';
import { denoiseAdapter, lanczosAdapter, passingAdapter, pluginName } from './adapter.ts';
import { graphInputs, graphOutputs } from './network.ts';
import { type LanczosOptions, readOptions } from './options.ts';

/**
 * The adapter of the modality `image`, as the bundle says. A bundle that says nothing leaves pictures as they are,
 * or, with `fallback`, has them enlarged.
 */
export function denoisePlugin(fallback?: LanczosOptions): Plugin {
  if (fallback !== undefined) readOptions({ ...fallback });
  return {
    name: pluginName,
    contract: 1,
    register(registry) {
      registry.adapter('image', async (port) => {
        const raw = Object.keys(port.options).length > 0 ? port.options : fallback;
        if (raw === undefined) return passingAdapter;
        const options = readOptions({ ...raw });
        return options.kind === 'lanczos'
          ? lanczosAdapter(options)
          : denoiseAdapter(options, await openGraph(port, options.graph));
      });
    },
  };
}

async function openGraph(port: Port, path: string): Promise<Graph> {
  const graph = await port.files.graph(path);
  const fits = (names: readonly string[], found: readonly string[]): boolean =>
    names.length === found.length && names.every((name) => found.includes(name));
  if (fits(graphInputs, graph.inputs) && fits(graphOutputs, graph.outputs)) return graph;
  throw new AnyToAnyError(
    'BUNDLE_INVALID',
    `Expected ${path} to turn "${graphInputs.join(', ')}" into "${graphOutputs.join(', ')}", but it turns ` +
      `"${graph.inputs.join(', ')}" into "${graph.outputs.join(', ')}". Compile the bundle again.`,
    { plugin: pluginName, path },
  );
}
