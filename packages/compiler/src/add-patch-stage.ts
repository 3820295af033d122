/**
 * A patch stage trained for pictures of a bundle that exists → the same bundle with the stage. Its other files stay as
 * they are, byte by byte; the new bundle appears whole or not at all.
 */
import { join, resolve } from 'node:path';
import {
  AnyToAnyError,
  type Manifest,
  openBundle,
  type PortDescription,
  throwIfAborted,
} from '@any-to-any/core';
import { z } from 'zod';
import { changeBundle } from './change-bundle.ts';
import { readConfig } from './compile.ts';
import { describeAdapter, fileNames } from './families/any-to-any/manifest.ts';
import { type PatchStageConfig, patchStageSchema } from './families/any-to-any/patch-config.ts';
import { buildPatchStage } from './families/any-to-any/patch-stage.ts';
import { openLedger } from './families/ledger.ts';
import type { Model } from './onnx/model.ts';
import { saveModel } from './onnx/save.ts';
import { storeHalves } from './quantize/halves.ts';
import type { TensorReader } from './safetensors/file.ts';
import { checkpointInvalid } from './safetensors/invalid.ts';
import { openTensors } from './safetensors/open.ts';

/** The stage as a checkpoint's config describes it, and the ids of the tokenizer it was trained for. */
const stageSchema = patchStageSchema.extend({ codes: z.int().positive() });

/**
 * `stage`: a directory with `config.json` and `image-patches.safetensors`. A stage the bundle has already is replaced.
 * The weights of its products are kept as 16-bit floats. Throws CHECKPOINT_INVALID, BUNDLE_*, OPTION_INVALID, ABORTED.
 */
export async function addPatchStage(
  stage: string,
  bundle: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Manifest> {
  const target = resolve(bundle);
  const { manifest } = await openBundle(target);
  const { config, codes } = await readStage(stage);
  const image = portFor(join(stage, 'config.json'), manifest, codes);
  const reader = await openTensors(stage, 'image-patches');
  try {
    const model = buildModel(reader, config, codes);
    return await changeBundle(target, target, async (copy) => {
      throwIfAborted(signal, 'compile');
      await saveModel(storeHalves(model), join(copy, fileNames.patches), { signal });
      const adapter = describeAdapter({ size: codes }, config);
      const others = (image.adapters ?? []).filter(({ plugin }) => plugin !== adapter.plugin);
      const { format: _, spaceHash: __, files: ___, ...parts } = manifest;
      return { ...parts, ports: { ...manifest.ports, image: { ...image, adapters: [adapter, ...others] } } };
    });
  } finally {
    await reader.close();
  }
}

async function readStage(directory: string): Promise<{ config: PatchStageConfig; codes: number }> {
  const parsed = stageSchema.safeParse(await readConfig(directory));
  if (parsed.success) {
    const { codes, ...config } = parsed.data;
    return { config, codes };
  }
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') || 'the whole';
  throw checkpointInvalid(join(directory, 'config.json'), `${where}: ${issue?.message}.`, {
    cause: parsed.error,
  });
}

/** The port of the bundle's pictures, whose tokenizer must have the ids that the stage knows. */
function portFor(path: string, manifest: Manifest, codes: number): PortDescription {
  const image = manifest.ports['image'];
  if (image?.tokenizer === undefined) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `${manifest.name} makes no pictures, so nothing can refine them.`,
      {
        stage: 'compile',
      },
    );
  }
  const { size } = image.tokenizer.options;
  if (size === codes) return image;
  throw checkpointInvalid(
    path,
    `codes: expected ${size}, as many ids as ${manifest.name} has of pictures, found ${codes}.`,
  );
}

/** The tensors are read when the graph is written. */
function buildModel(reader: TensorReader, config: PatchStageConfig, codes: number): Model {
  const ledger = openLedger(reader);
  const model = buildPatchStage({ ...config, codes }, ledger.weights);
  ledger.check();
  return model;
}
