/**
 * The plugins of a pipeline by modality, resolved from its container and checked against the bundle.
 */
import type { DependencyContainer } from 'tsyringe';
import type { Bundle } from '../bundle/open.ts';
import type { Encoder } from '../contract/encoder.ts';
import type { Layout, Shape } from '../contract/layout.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { AnyToAnyError } from '../errors.ts';
import type { Ports } from '../pipeline/ports.ts';
import { gridLayout, lineLayout } from '../token-space/layout.ts';
import type { Region } from '../token-space/space.ts';
import type { Registered } from './registry.ts';
import { adapterToken, encoderToken, processorToken, tokenizerToken } from './tokens.ts';

export function createPorts(container: DependencyContainer, bundle: Bundle, registered: Registered): Ports {
  const { space, manifest } = bundle;
  return {
    async tokenizer(modality) {
      const region = space.region(modality);
      const { tokenizer: use, encoder } = manifest.ports[modality] ?? {};
      if (use === undefined && encoder !== undefined) throw onlyRead(modality);
      requirePlugin(registered, `tokenizer:${modality}`, use?.plugin);
      const tokenizer = await container.resolve(tokenizerToken(modality));
      checkTokenizer(tokenizer, region, registered.owners.get(`tokenizer:${modality}`)!);
      return tokenizer;
    },
    async encoder(modality) {
      const use = manifest.ports[modality]?.encoder;
      if (!use) return undefined;
      requirePlugin(registered, `encoder:${modality}`, use.plugin);
      const encoder = await container.resolve(encoderToken(modality));
      checkEncoder(encoder, space.region(modality), manifest.decoder.width, use.plugin);
      return encoder;
    },
    adapters(modality) {
      const named = (manifest.ports[modality]?.adapters ?? []).map(({ plugin }) => plugin);
      for (const plugin of named) requirePlugin(registered, `adapter:${modality}:${plugin}`, plugin);
      const prefix = `adapter:${modality}:`;
      const others = [...registered.owners]
        .filter(([what, plugin]) => what === `${prefix}${plugin}` && !named.includes(plugin))
        .map(([, plugin]) => plugin);
      const all = [...named, ...others].map((plugin) => container.resolve(adapterToken(modality, plugin)));
      return Promise.all(all);
    },
    processors: container.isRegistered(processorToken) ? container.resolveAll(processorToken) : [],
  };
}

/** Every plugin the bundle names must be there before anything runs. Throws PLUGIN_MISSING. */
export function checkPlugins(bundle: Bundle, registered: Registered): void {
  for (const [modality, { tokenizer, encoder, adapters = [] }] of Object.entries(bundle.manifest.ports)) {
    if (tokenizer) requirePlugin(registered, `tokenizer:${modality}`, tokenizer.plugin);
    if (encoder) requirePlugin(registered, `encoder:${modality}`, encoder.plugin);
    for (const { plugin } of adapters) requirePlugin(registered, `adapter:${modality}:${plugin}`, plugin);
  }
}

/** Throws PLUGIN_MISSING unless `plugin`, or any if it is undefined, registered `what`. */
export function requirePlugin(registered: Registered, what: string, plugin: string | undefined): void {
  const owner = registered.owners.get(what);
  if (owner !== undefined && (plugin === undefined || owner === plugin)) return;
  throw new AnyToAnyError(
    'PLUGIN_MISSING',
    `The bundle needs ${what} from ${plugin ?? 'a plugin'}, ${owner ? `but ${owner} registered it` : 'which is not registered'}. ` +
      `Install ${plugin ?? 'one'} and pass it in plugins.`,
    { plugin },
  );
}

function onlyRead(modality: string): AnyToAnyError {
  return new AnyToAnyError(
    'MODALITY_UNKNOWN',
    `The model has no tokenizer of ${modality}: it reads ${modality} through its encoder alone and makes none.`,
    { modality },
  );
}

function checkTokenizer(tokenizer: Tokenizer, region: Region, plugin: string): void {
  const { modality, size, layout } = tokenizer;
  const same =
    modality === region.modality && size === region.size && layout.buckets === region.buckets.count;
  if (same && sameBuckets(layout, tokenizer.shape(), region)) return;
  throw new AnyToAnyError(
    'PLUGIN_INVALID',
    `The tokenizer of ${plugin} makes ${size} ids of ${modality} on a ${layout.kind} with ${layout.buckets} buckets, ` +
      `the bundle has ${region.size} ids of ${region.modality} with ${region.buckets.count}. ` +
      'Use the plugin and options the bundle was compiled for.',
    { plugin },
  );
}

/** Whether the plugin puts positions into the buckets the model was trained with; tried on one segment. */
function sameBuckets(layout: Layout, shape: Shape, region: Region): boolean {
  const { layout: described } = region;
  if (described.kind === 'plugin') return true;
  if (layout.kind !== described.kind) return false;
  const expected = described.kind === 'line' ? lineLayout(described) : gridLayout(described);
  const count = Math.min(expected.count(shape) ?? 256, 256);
  for (let key = 0; key < count; key++) {
    if (layout.bucket(count - 1, key, shape) !== expected.bucket(count - 1, key, shape)) return false;
  }
  return true;
}

function checkEncoder(encoder: Encoder, region: Region, width: number, plugin: string): void {
  const { modality, layout } = encoder;
  if (modality === region.modality && encoder.width === width && layout.buckets === region.buckets.count)
    return;
  throw new AnyToAnyError(
    'PLUGIN_INVALID',
    `The encoder of ${plugin} makes embeddings of ${modality}, width ${encoder.width}, ${layout.buckets} buckets; ` +
      `the bundle has ${region.modality}, width ${width}, ${region.buckets.count} buckets.`,
    { plugin },
  );
}
