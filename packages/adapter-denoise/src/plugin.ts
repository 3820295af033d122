/**
 * What a pipeline registers to sharpen and enlarge the pictures of a bundle with a patch stage, or any by Lanczos or by an
 * upsampler.
 */
import type { Adapter, Plugin, Port } from '@any-to-any/core';
import { denoiseAdapter, lanczosAdapter, passingAdapter, pluginName } from './adapter.ts';
import { openGraph } from './graph.ts';
import { graphInputs, graphOutputs } from './network.ts';
import { type LanczosOptions, readOptions } from './options.ts';
import { upsamplerAdapter } from './upsampler/adapter.ts';
import { checkUse, openNamedUpsampler, openUpsampler, type UpsamplerUse } from './upsampler/open.ts';

/**
 * The adapter of the modality `image`, as the bundle says. A bundle that says nothing leaves pictures as they are, or, with
 * `kind: 'lanczos'`, has them enlarged. An `upsampler` enlarges whatever the bundle says, after its patch stage if it has one.
 */
export function denoisePlugin(own?: LanczosOptions | UpsamplerUse): Plugin {
  const named = own !== undefined && 'upsampler' in own ? own : undefined;
  const fallback = own !== undefined && !('upsampler' in own) ? own : undefined;
  if (named !== undefined) checkUse(named);
  if (fallback !== undefined) readOptions({ ...fallback });
  return {
    name: pluginName,
    contract: 1,
    register(registry) {
      registry.adapter('image', (port) => openAdapter(port, fallback, named));
    },
  };
}

async function openAdapter(
  port: Port,
  fallback: LanczosOptions | undefined,
  named: UpsamplerUse | undefined,
): Promise<Adapter> {
  const chosen = named && (await openNamedUpsampler(port, named));
  const raw = Object.keys(port.options).length > 0 ? port.options : fallback;
  if (raw === undefined) return chosen ? upsamplerAdapter(chosen) : passingAdapter;
  const options = readOptions({ ...raw });
  if (options.kind === 'lanczos') return chosen ? upsamplerAdapter(chosen) : lanczosAdapter(options);
  if (options.kind === 'upsampler') return upsamplerAdapter(chosen ?? (await openUpsampler(port, options)));
  const stage = denoiseAdapter(options, await openGraph(port, options.graph, graphInputs, graphOutputs));
  const upsampler = chosen ?? (options.upsampler && (await openUpsampler(port, options.upsampler)));
  return upsampler ? upsamplerAdapter(upsampler, stage) : stage;
}
