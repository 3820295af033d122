/**
 * Opens the network of an upsampler: of the bundle a port belongs to, or of an adapter bundle that the app names.
 */
import { AnyToAnyError, type Port, rejectUnknownOptions } from '@any-to-any/core';
import { pluginName } from '../adapter.ts';
import { openGraph } from '../graph.ts';
import { readOptions, type UpsamplerOptions } from '../options.ts';
import type { Upsampler } from './adapter.ts';
import { upsamplerInputs, upsamplerOutputs } from './network.ts';

/** An upsampler of the app's choice. */
export interface UpsamplerUse {
  /** Directory of an adapter bundle, or the name of an installed package with one. */
  readonly upsampler: string;
  /** In place of what the bundle says, see `UpsamplerOptions`. */
  readonly tile?: number | undefined;
  readonly overlap?: number | undefined;
}

/** Throws OPTION_UNKNOWN, OPTION_INVALID; sizes are checked against the network once it is open. */
export function checkUse(use: UpsamplerUse): void {
  rejectUnknownOptions(use, ['upsampler', 'tile', 'overlap'], 'An upsampler of the denoise plugin');
  if (typeof use.upsampler === 'string' && use.upsampler !== '') return;
  throw new AnyToAnyError(
    'OPTION_INVALID',
    `The denoise plugin's option "upsampler" must be a directory or a package, got ${JSON.stringify(use.upsampler)}.`,
    { option: 'upsampler', plugin: pluginName },
  );
}

/** Throws the BUNDLE_* codes, OPTION_INVALID, OPTION_UNKNOWN. */
export async function openNamedUpsampler(port: Port, use: UpsamplerUse): Promise<Upsampler> {
  if (port.adapter === undefined) {
    throw new AnyToAnyError('PLUGIN_INVALID', 'An upsampler can only be opened by a pipeline.', {
      plugin: pluginName,
    });
  }
  const named = await port.adapter(use.upsampler);
  const { tile, overlap } = use;
  const options = readOptions({
    ...named.options,
    ...(tile !== undefined && { tile }),
    ...(overlap !== undefined && { overlap }),
  });
  if (options.kind === 'upsampler') return openUpsampler(named, options);
  throw new AnyToAnyError(
    'BUNDLE_INVALID',
    `Expected an upsampler in ${use.upsampler}, found "${options.kind}". Name the bundle of an upsampler.`,
    { plugin: pluginName },
  );
}

/** Throws BUNDLE_INVALID for a graph that does something else. */
export async function openUpsampler(port: Port, options: UpsamplerOptions): Promise<Upsampler> {
  const graph = await openGraph(port, options.graph, upsamplerInputs, upsamplerOutputs);
  return { options, graph };
}
