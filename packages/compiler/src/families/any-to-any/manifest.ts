/**
 * What the manifest of a bundle says about a checkpoint of this family. Pure: names files, writes none.
 */
import type { ManifestParts, PortDescription, SpaceDescription } from '@any-to-any/core';
import type { Settings } from '../../options.ts';
import { type Config, type Modality, portSizes } from './config.ts';
import { usesModality } from './decoder.ts';
import { runOptions } from './patch-config.ts';
import { patchSizes } from './patch-sizes.ts';
import { describeCodec, describeSoundEncoder } from './sound.ts';

/** Names of the files of a bundle of this family. */
export const fileNames = {
  decoder: 'decoder.onnx',
  table: (port: string) => `${port}.table.bin`,
  head: (port: string) => `${port}.head.onnx`,
  guide: (port: string) => `${port}.guide.bin`,
  encode: 'image-encode.onnx',
  decode: 'image-decode.onnx',
  understand: 'image-understand.onnx',
  patches: 'image-patches.onnx',
} as const;

export function describeSpace(config: Config): SpaceDescription {
  return {
    version: 1,
    marks: { capacity: config.markCapacity, names: config.marks, begin: '<s>', end: '</s>' },
    regions: config.modalities.map(({ name, open, close, offset, size, layout }) => ({
      modality: name,
      open,
      close,
      offset,
      size,
      layout,
    })),
  };
}

export function describeBundle(config: Config, settings: Settings): ManifestParts {
  const { decoder } = config;
  const about = settings.about;
  const voices = about.voices ?? config.bundle?.voices;
  const reading = config.bundle?.reading;
  return {
    name: about.name ?? config.bundle?.name ?? settings.directory,
    version: about.version ?? config.bundle?.version ?? '0.0.0',
    license: about.license ?? config.bundle?.license ?? 'UNLICENSED',
    attribution: [...(about.attribution ?? config.bundle?.attribution ?? [])],
    space: describeSpace(config),
    decoder: {
      graph: fileNames.decoder,
      width: decoder.width,
      layers: decoder.layers,
      heads: decoder.heads,
      kvHeads: decoder.kvHeads,
      headWidth: decoder.headWidth,
      context: decoder.context,
      kv: settings.kv === 'int8' ? 'int8' : 'float32',
      inputs: { modality: usesModality(decoder), buckets: decoder.buckets },
    },
    ports: describePorts(config, settings),
    sampling: about.sampling ?? config.bundle?.sampling ?? {},
    ...(voices && { voices }),
    ...(reading && { reading }),
    unconditional: about.unconditional ?? config.bundle?.unconditional ?? 'empty',
  };
}

function describePorts(config: Config, { tables }: Settings): Record<string, PortDescription> {
  const ports: Record<string, PortDescription> = {};
  const type = tables === 'f16' ? 'float16' : 'float32';
  for (const { port, ids, classes, guide } of portSizes(config)) {
    const modality = config.modalities.find(({ name }) => name === port);
    ports[port] = {
      table: { file: fileNames.table(port), type, rows: ids },
      head: { graph: fileNames.head(port), classes },
      ...(guide && { guide: { file: fileNames.guide(port), type, scales: guide.scales } }),
      ...(modality && { tokenizer: describeTokenizer(modality) }),
      ...(modality?.encoder && { encoder: describeEncoder(config, modality, modality.encoder) }),
      ...(modality?.adapters && { adapters: modality.adapters.map((use) => describeAdapter(modality, use)) }),
    };
  }
  return ports;
}

function describeTokenizer(modality: Modality): NonNullable<PortDescription['tokenizer']> {
  const { name, size, layout, tokenizer } = modality;
  if (tokenizer.kind === 'plugin') return { plugin: tokenizer.plugin, options: tokenizer.options };
  if (tokenizer.kind === 'sound-codec') return describeCodec(tokenizer, modality);
  const { kind: _, ...rest } = layout;
  const plugin = `@any-to-any/tokenizer-${name}`;
  if (tokenizer.kind === 'tiktoken') return { plugin, options: { ...tokenizer, ...rest } };
  const { kind, factor, grids, blocks } = tokenizer;
  const { encode, decode } = fileNames;
  return { plugin, options: { kind, factor, size, ...rest, halo: halo(blocks), grids, encode, decode } };
}

/**
 * How far, in ids, a pixel of the decoder can see: every residual block's 3×3 convolution sees one cell of its own
 * scale (one id, then half an id), the last convolution half an id. Two blocks each: 3.5, rounded up.
 */
function halo(blocks: number): number {
  return Math.ceil(1.5 * blocks + 0.5);
}

function describeEncoder(
  config: Config,
  modality: Modality,
  encoder: NonNullable<Modality['encoder']>,
): NonNullable<PortDescription['encoder']> {
  if (encoder.kind === 'plugin') return { plugin: encoder.plugin, options: encoder.options };
  if (encoder.kind === 'sound') return describeSoundEncoder(encoder, modality, config.decoder);
  const { name, layout } = modality;
  const { kind, side, grid } = encoder;
  const clip = layout.kind === 'grid' ? { clip: layout.clip } : {};
  return {
    plugin: `@any-to-any/tokenizer-${name}`,
    options: { kind, side, grid, width: config.decoder.width, ...clip, graph: fileNames.understand },
  };
}

/** `size`: ids of the tokenizer before it. */
export function describeAdapter(
  { size }: Pick<Modality, 'size'>,
  use: NonNullable<Modality['adapters']>[number],
): NonNullable<PortDescription['adapters']>[number] {
  if (use.kind === 'plugin') return { plugin: use.plugin, options: use.options };
  const { side, halo, factor } = patchSizes;
  return {
    plugin: '@any-to-any/adapter-denoise',
    options: {
      kind: use.kind,
      side,
      halo,
      factor,
      codes: size,
      ...runOptions(use),
      graph: fileNames.patches,
    },
  };
}
