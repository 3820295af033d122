/**
 * What the manifest of a bundle says once a modality was added to it. Pure: names files, writes none.
 */
import { AnyToAnyError, type Manifest, type ManifestParts } from '@any-to-any/core';
import type { TableType } from '../table.ts';
import type { GrowthConfig } from './growth-config.ts';
import { fileNames } from './manifest.ts';

/** What the grown manifest says: the region begins at `offset`, after the last one, the marks follow the last named. */
export function describeGrown(config: GrowthConfig, manifest: Manifest, offset: number): ManifestParts {
  const { name, open, close, size, layout, tokenizer, encoder, bundle } = config;
  const { format: _, spaceHash: __, files: ___, ...parts } = manifest;
  const { space, ports, sampling, attribution } = parts;
  const { marks, regions } = space;
  const use = ({ plugin, options }: GrowthConfig['tokenizer']) => ({ plugin, options });
  const type: TableType = marksOf(manifest).table.type;
  return {
    ...parts,
    space: {
      ...space,
      marks: { ...marks, names: [...marks.names, open, close] },
      regions: [...regions, { modality: name, open, close, offset, size, layout }],
    },
    ports: {
      ...ports,
      [name]: {
        table: { file: fileNames.table(name), type, rows: size },
        head: { graph: fileNames.head(name), classes: size + 1 },
        tokenizer: use(tokenizer),
        ...(encoder && { encoder: use(encoder) }),
      },
    },
    sampling: { ...bundle.sampling, ...sampling }, // what was chosen for others stays
    attribution: [...attribution, ...(bundle.attribution ?? [])],
  };
}

/** A model without marks of its own has nowhere to put new ones. */
export function marksOf({ name, ports }: Manifest) {
  const { table, head } = ports['marks'] ?? {};
  if (table !== undefined && head !== undefined) return { table, head };
  throw new AnyToAnyError(
    'OPTION_INVALID',
    `${name} has no table or no head of marks, so it cannot be grown.`,
    {
      stage: 'compile',
    },
  );
}
