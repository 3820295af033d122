/**
 * A modality trained for a bundle that exists → the same bundle with it. Ids, marks and buckets of the others stay where
 * they are, and so does every weight: for them it computes what it did, bit by bit. It appears whole or not at all.
 */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AnyToAnyError, createTokenSpace, type Manifest, openBundle, throwIfAborted } from '@any-to-any/core';
import { changeBundle } from './change-bundle.ts';
import { readConfig } from './compile.ts';
import { bucketsOf } from './families/any-to-any/config.ts';
import { growDecoder } from './families/any-to-any/grow-decoder.ts';
import { describeGrown, marksOf } from './families/any-to-any/grow-manifest.ts';
import { bytesOf, growHead, placeRows, storageOf } from './families/any-to-any/grow-marks.ts';
import { type GrowthConfig, growthSchema } from './families/any-to-any/growth-config.ts';
import { buildHead } from './families/any-to-any/head.ts';
import { fileNames } from './families/any-to-any/manifest.ts';
import { type Ledger, openLedger } from './families/ledger.ts';
import { parseChecked } from './families/parse.ts';
import { writeTable } from './families/table.ts';
import { openModel } from './onnx/open.ts';
import { saveModel } from './onnx/save.ts';
import { storeHalves } from './quantize/halves.ts';
import { inHalves } from './quantize/matrix.ts';
import { checkReplaceable } from './replace.ts';
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
  const parts = describeGrown(config, manifest, space.size);
  createTokenSpace(parts.space); // marks that are there already are an error before anything is written
  if (target !== source) await checkReplaceable(target);
  const reader = await openTensors(growth, 'modality');
  try {
    return await changeBundle(source, target, async (copy) => {
      const job: GrowthJob = { config, manifest, ledger: openLedger(reader), source, copy, signal };
      const files = await planFiles(job);
      job.ledger.check(); // every tensor is there before any file is written
      for (const write of files) {
        throwIfAborted(signal, 'compile');
        await write();
      }
      await copyFiles(growth, job);
      return parts;
    });
  } finally {
    await reader.close();
  }
}

interface GrowthJob {
  readonly config: GrowthConfig;
  readonly manifest: Manifest;
  readonly ledger: Ledger;
  readonly source: string;
  readonly copy: string;
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
async function planFiles({ config, manifest, ledger, source, copy, signal }: GrowthJob) {
  const { name, size, loraRank: rank, layout } = config;
  const { decoder, space } = manifest;
  const { width, heads, kvHeads, headWidth, layers } = decoder;
  const { weights } = ledger;
  const save = (model: Parameters<typeof saveModel>[0], file: string) =>
    saveModel(model, join(copy, file), { signal });
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
      await writeFile(join(copy, table.file), placeRows(before, ids, rows, rows.length / 2));
    },
    async () => writeTable(join(copy, fileNames.table(name)), await embedding(), table.type),
    () => save(storage.halves ? storeHalves(built) : built, fileNames.head(name)),
  ];
}

async function copyFiles(
  growth: string,
  { config: { tokenizer, encoder }, manifest, copy }: GrowthJob,
): Promise<void> {
  for (const file of new Set([...tokenizer.files, ...(encoder?.files ?? [])])) {
    if (manifest.files[file] !== undefined) {
      throw checkpointInvalid(
        join(growth, file),
        `${manifest.name} has a file of this name. Name it otherwise.`,
      );
    }
    await copyFile(join(growth, file), join(copy, file)).catch((cause: unknown) => {
      throw checkpointInvalid(
        join(growth, file),
        'cannot be read. The config names it as a file of a plugin.',
        { cause },
      );
    });
  }
}
