/**
 * A checkpoint's directory → a bundle's directory. Finds the family, lets it write, adds hashes and the manifest.
 * The bundle appears whole or not at all: everything is written beside it and moved when it is complete.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  AnyToAnyError,
  type Manifest,
  type ManifestParts,
  type TokenizerManifest,
  type TokenizerManifestParts,
  throwIfAborted,
  writeManifest,
  writeTokenizerManifest,
} from '@any-to-any/core';
import { ZodError } from 'zod';
import { anyToAny } from './families/any-to-any/family.ts';
import { encodec } from './families/encodec/family.ts';
import type { Family } from './families/family.ts';
import { llama } from './families/llama/family.ts';
import { mimi } from './families/mimi/family.ts';
import { isGguf } from './gguf/file.ts';
import { type CompileOptions, resolveOptions } from './options.ts';
import { checkReplaceable, replace } from './replace.ts';
import { checkpointInvalid } from './safetensors/invalid.ts';

const families: readonly Family[] = [anyToAny, llama, encodec, mimi];

/**
 * Compiles `checkpoint`, a directory or a GGUF file, into `out`, which must be absent, empty or an older bundle (it is replaced).
 * Returns the manifest: of a model, or, for the checkpoint of a codec, of a tokenizer on its own. Throws CHECKPOINT_INVALID, OPTION_*, SPACE_INVALID, REGION_OVERLAP, ABORTED.
 */
export async function compile(
  checkpoint: string,
  out: string,
  options: CompileOptions = {},
): Promise<Manifest | TokenizerManifest> {
  const { signal, onProgress } = options;
  const target = resolve(out);
  const settings = resolveOptions(options, basename(resolve(checkpoint)));
  await checkReplaceable(target);
  const config = isGguf(checkpoint) ? undefined : await readConfig(checkpoint);
  const family = isGguf(checkpoint) ? llama : findFamily(join(checkpoint, 'config.json'), config);
  const partial = `${target}.partial-${randomBytes(4).toString('hex')}`;
  await mkdir(partial, { recursive: true });
  try {
    let done = 0;
    const onBytes = (file: string, bytes: number, total: number): void => {
      done += bytes;
      onProgress?.({ file, done, total });
    };
    const parts = await family.compile({ checkpoint, config, out: partial, settings, onBytes, signal });
    const manifest = await finish(partial, parts);
    throwIfAborted(signal, 'compile');
    await replace(target, partial);
    return manifest;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** The parsed `config.json`, not yet checked. Throws CHECKPOINT_INVALID. */
export async function readConfig(checkpoint: string): Promise<unknown> {
  const path = join(checkpoint, 'config.json');
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw checkpointInvalid(path, 'expected a JSON file. Is this the directory of a checkpoint?', { cause });
  }
}

function findFamily(path: string, config: unknown): Family {
  // Any JSON value: the fields may be absent.
  const { family: name, model_type: type } = (config ?? {}) as { family?: unknown; model_type?: unknown };
  const family = families.find((one) =>
    name === undefined ? one.modelTypes?.some((known) => known === type) : one.name === name,
  );
  if (family !== undefined) return family;
  const names = families.map((candidate) => candidate.name).join(', ');
  const types = families.flatMap((candidate) => candidate.modelTypes ?? []).join(', ');
  throw checkpointInvalid(
    path,
    `family: expected one of ${names}, found ${JSON.stringify(name)}; or model_type: one of ${types}, found ${JSON.stringify(type)}.`,
  );
}

/** Sizes and hashes are taken from the files; what the options said is checked here. */
async function finish(
  directory: string,
  parts: ManifestParts | TokenizerManifestParts,
): Promise<Manifest | TokenizerManifest> {
  try {
    if ('kind' in parts) return await writeTokenizerManifest(directory, parts);
    return await writeManifest(directory, parts);
  } catch (cause) {
    if (!(cause instanceof ZodError)) throw cause;
    const [issue] = cause.issues;
    const where = issue?.path.join('.') ?? '';
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `The manifest would not be valid: ${where}: ${issue?.message}.`,
      {
        cause,
      },
    );
  }
}
