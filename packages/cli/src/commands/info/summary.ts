/**
 * What `info` tells about a bundle, as plain data. Pure; `info --json` prints it as it is.
 */
import type { Bundle, DecoderDescription, Manifest, PortDescription } from '@any-to-any/core';

export interface BundleSummary {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly attribution: readonly string[];
  readonly directory: string;
  /** Modalities a prompt may hold. */
  readonly reads: readonly string[];
  /** Modalities an answer may hold. */
  readonly makes: readonly string[];
  readonly decoder: Omit<DecoderDescription, 'graph'>;
  readonly space: SpaceSummary;
  readonly sampling: Manifest['sampling'];
  /** By modality: scales of guidance that take one row, where the port has a guide. */
  readonly guides: Readonly<Record<string, readonly number[]>>;
  /** By modality and name. */
  readonly voices: NonNullable<Manifest['voices']>;
  /** Of all files together. */
  readonly bytes: number;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

export interface SpaceSummary {
  readonly version: number;
  readonly hash: string;
  /** One more than the largest id. */
  readonly size: number;
  readonly buckets: number;
  readonly marks: { readonly capacity: number; readonly names: readonly string[] };
  readonly regions: readonly RegionSummary[];
}

export interface RegionSummary {
  readonly modality: string;
  readonly open: string;
  readonly close: string;
  readonly count: number;
  /** First and last id; absent where a table spreads them. */
  readonly ids?: readonly [number, number];
  /** `line, 32 buckets to 128`, `grid, clip 7, blocks of 2` */
  readonly layout: string;
}

export function summarize({ directory, manifest, space }: Bundle): BundleSummary {
  const { name, version, license, attribution, ports, sampling, voices = {}, files } = manifest;
  const { graph: _, ...decoder } = manifest.decoder;
  const list = Object.entries(files).map(([path, { bytes }]) => ({ path, bytes }));
  const modalities = (can: (port: PortDescription) => boolean): string[] =>
    space.regions.map((region) => region.modality).filter((modality) => can(ports[modality]!));
  return {
    name,
    version,
    license,
    attribution,
    directory,
    reads: modalities(({ encoder, tokenizer, table }) => Boolean(encoder ?? (tokenizer && table))),
    makes: modalities(({ head, tokenizer }) => Boolean(head && tokenizer)),
    decoder,
    space: {
      version: manifest.space.version,
      hash: space.hash,
      size: space.size,
      buckets: space.bucketCount,
      marks: { capacity: manifest.space.marks.capacity, names: manifest.space.marks.names },
      regions: manifest.space.regions.map(summarizeRegion),
    },
    sampling,
    guides: Object.fromEntries(
      Object.entries(ports).flatMap(([port, { guide }]) => (guide ? [[port, guide.scales] as const] : [])),
    ),
    voices,
    bytes: list.reduce((sum, file) => sum + file.bytes, 0),
    files: list,
  };
}

type Region = Manifest['space']['regions'][number];

function summarizeRegion({ modality, open, close, offset, size, layout }: Region): RegionSummary {
  return {
    modality,
    open,
    close,
    count: size,
    ...(offset !== undefined && { ids: [offset, offset + size - 1] as const }),
    layout: layoutText(layout),
  };
}

function layoutText(layout: Region['layout']): string {
  if (layout.kind === 'line') return `line, ${layout.buckets} buckets to ${layout.maxDistance}`;
  if (layout.kind === 'grid') return `grid, clip ${layout.clip}, blocks of ${layout.block}`;
  return `of its plugin, ${layout.buckets} buckets`;
}
