/**
 * A modality trained for a bundle that exists → the same bundle with it. Ids, marks and buckets of the others stay where
 * they are, and so does every weight: for them it computes what it did, bit by bit. It appears whole or not at all.
 */
import { randomBytes } from 'node:crypto';
import { copyFile, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  AnyToAnyError,
  createTokenSpace,
  type Manifest,
  type ManifestParts,
  openBundle,
  throwIfAborted,
  writeManifest,
} from '@any-to-any/core';
import { readConfig } from './compile.ts';
import { bucketsOf } from './families/any-to-any/config.ts';
import { growDecoder } from './families/any-to-any/grow-decoder.ts';
import { bytesOf, growHead, placeRows, storageOf } from './families/any-to-any/grow-marks.ts';
import { type GrowthConfig, growthSchema } from './families/any-to-any/growth-config.ts';
import { buildHead } from './families/any-to-any/head.ts';
import { fileNames } from './families/any-to-any/manifest.ts';
import { type Ledger, openLedger } from './families/ledger.ts';
import { parseChecked } from './families/parse.ts';
import { type TableType, writeTable } from './families/table.ts';
import { openModel } from './onnx/open.ts';
import { saveModel } from './onnx/save.ts';
import { storeHalves } from './quantize/halves.ts';
import { inHalves } from './quantize/matrix.ts';
import { checkReplaceable, replace } from './replace.ts';
import { checkpointInvalid } from './safetensors/invalid.ts';
import { openTensors } from './safetensors/open.ts';

export interface AddModalityOptions {
  /** Where the grown bundle goes. Default: it takes the place of the one it was. */
  readonly out?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * `growth`: a directory with `config.json`, `modality.safetensors` and the files of its plugins.
 * Throws CHECKPOINT_INVALID, BUNDLE_*, OPTION_INVALID, SPACE_INVALID, ABORTED.
 */
export async function addModality(
  growth: string,
  bundle: string,
  { out = bundle, signal }: AddModalityOptions = {},
): Promise<Manifest> {
  const [source, target] = [resolve(bundle), resolve(out)];
  const { manifest, space } = await openBundle(source);
  const path = join(growth, 'config.json');
  const config = parseChecked(path, growthSchema, await readConfig(growth));
  checkFit(path, config, manifest);
  const parts = describe(config, manifest, space.size);
  createTokenSpace(parts.space); // marks that are there already are an error before anything is written
  if (target !== source) await checkReplaceable(target);
  const reader = await openTensors(growth, 'modality');
  const partial = `${target}.partial-${randomBytes(4).toString('hex')}`;
  try {
    await cp(source, partial, { recursive: true });
    const job: GrowthJob = { config, manifest, ledger: openLedger(reader), source, partial, signal };
    const write = await planFiles(job);
    job.ledger.check(); // what is written is what there is, before any of it is
    for (const each of write) {
      throwIfAborted(signal, 'compile');
      await each();
    }
    await copyFiles(growth, job);
    const written = await writeManifest(partial, parts);
    await replace(target, partial);
    return written;
  } finally {
    await reader.close();
    await rm(partial, { recursive: true, force: true });
  }
}

interface GrowthJob {
  readonly config: GrowthConfig;
  readonly manifest: Manifest;
  readonly ledger: Ledger;
  readonly source: string;
  readonly partial: string;
  readonly signal: AbortSignal | undefined;
}

function checkFit(
  path: string,
  { name, grownOn }: GrowthConfig,
  { name: model, ports, files }: Manifest,
): void {
  if (ports[name] !== undefined) {
    throw new AnyToAnyError('OPTION_INVALID', `${model} has ${name} already. Grow the bundle without it.`, {
      stage: 'compile',
    });
  }
  const other = Object.keys(grownOn).find((file) => files[file]?.sha256 !== grownOn[file]);
  if (other === undefined) return;
  throw checkpointInvalid(
    path,
    `${name} was trained for another ${other} than that of ${model}. Train it for this bundle.`,
  );
}

/** Says what is needed of the tensors; the files are written afterwards. */
async function planFiles({ config, manifest, ledger, source, partial, signal }: GrowthJob) {
  const { name, size, loraRank: rank, layout } = config;
  const { decoder, space } = manifest;
  const { width, heads, kvHeads, headWidth, layers } = decoder;
  const { weights } = ledger;
  const save = (model: Parameters<typeof saveModel>[0], file: string) =>
    saveModel(model, join(partial, file), { signal });
  const modalities = 1 + space.regions.length;
  const sizes = {
    name,
    width,
    layers,
    heads,
    kvHeads,
    headWidth,
    modalities,
    buckets: bucketsOf(layout),
    rank,
  };
  const grown = growDecoder(await openModel(join(source, decoder.graph)), sizes, weights);

  const { table, head } = marksOf(manifest);
  const marks = await openModel(join(source, head.graph));
  const storage = storageOf(marks);
  const built = buildHead({ tensor: 'head.weight', width, classes: size + 1 }, weights, storage.quantization);
  const ids = [space.marks.names.length, space.marks.names.length + 1];
  const scored = weights('marks.head.weight', [2, width]);
  const entering = weights('marks.embedding', [2, width]);
  const embedding = weights('embedding', [size, width]);
  return [
    () => save(grown, decoder.graph),
    async () => save(growHead(marks, ids, await scored()), head.graph),
    async () => {
      const rows = bytesOf(table.type === 'float16' ? await inHalves(await entering()) : await entering());
      const before = await readFile(join(source, table.file));
      await writeFile(join(partial, table.file), placeRows(before, ids, rows, rows.length / 2));
    },
    async () => writeTable(join(partial, fileNames.table(name)), await embedding(), table.type),
    () => save(storage.halves ? storeHalves(built) : built, fileNames.head(name)),
  ];
}

/** A model without marks of its own has nowhere to put new ones. */
function marksOf({ name, ports }: Manifest) {
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

async function copyFiles(
  growth: string,
  { config: { tokenizer, encoder }, manifest, partial }: GrowthJob,
): Promise<void> {
  for (const file of new Set([...tokenizer.files, ...(encoder?.files ?? [])])) {
    if (manifest.files[file] !== undefined) {
      throw checkpointInvalid(
        join(growth, file),
        `${manifest.name} has a file of this name. Name it otherwise.`,
      );
    }
    await copyFile(join(growth, file), join(partial, file)).catch((cause: unknown) => {
      throw checkpointInvalid(
        join(growth, file),
        'cannot be read. The config names it as a file of a plugin.',
        { cause },
      );
    });
  }
}

/** What the grown manifest says: the region begins at `offset`, after the last one, the marks follow the last named. */
function describe(config: GrowthConfig, manifest: Manifest, offset: number): ManifestParts {
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
    sampling: { ...sampling, ...bundle.sampling },
    attribution: [...attribution, ...(bundle.attribution ?? [])],
  };
}
