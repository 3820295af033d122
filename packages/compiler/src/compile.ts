/**
 * A checkpoint's directory → a bundle's directory. Finds the family, lets it write, adds hashes and the manifest.
 * The bundle appears whole or not at all: everything is written beside it and moved when it is complete.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  type AdapterManifest,
  AnyToAnyError,
  type Manifest,
  type TokenizerManifest,
  throwIfAborted,
  writeAdapterManifest,
  writeManifest,
  writeTokenizerManifest,
} from '@any-to-any/core';
import { ZodError } from 'zod';
import type { Family, Parts } from './families/family.ts';
import { families } from './families/known.ts';
import { llama } from './families/llama/family.ts';
import { swinir } from './families/swinir/family.ts';
import { weightsOnly } from './families/swinir/source.ts';
import { isGguf } from './gguf/file.ts';
import { type CompileOptions, resolveOptions } from './options.ts';
import { checkpointInvalid } from './safetensors/invalid.ts';

/** The manifest that `compile` wrote. */
export type CompiledManifest = Manifest | TokenizerManifest | AdapterManifest;

/**
 * Compiles `checkpoint`, a directory or a file that is all of it (GGUF, SwinIR), into `out`, which must be absent, empty or an older bundle (it is replaced).
 * Returns the manifest: of a model, of a tokenizer on its own for the checkpoint of a codec, of an adapter on its own for that of an upsampler. Throws CHECKPOINT_INVALID, OPTION_*, SPACE_INVALID, REGION_OVERLAP, ABORTED.
 */
export async function compile(
  checkpoint: string,
  out: string,
  options: CompileOptions = {},
): Promise<CompiledManifest> {
  const { signal, onProgress } = options;
  const target = resolve(out);
  const settings = resolveOptions(options, basename(resolve(checkpoint)));
  await checkReplaceable(target);
  const alone = isGguf(checkpoint) ? llama : (await weightsOnly(checkpoint)) && swinir;
  const config = alone ? undefined : await readConfig(checkpoint);
  const family = alone || findFamily(join(checkpoint, 'config.json'), config);
  const partial = `${target}.partial-${randomBytes(4).toString('hex')}`;
  await mkdir(partial, { recursive: true });
  try {
    let done = 0;
    const onBytes = (file: string, bytes: number, total: number): void => {
      done += bytes;
      onProgress?.({ file, done, total });
    };
    const parts = await family.compile({ checkpoint, config, out: partial, settings, onBytes, signal });
    const { reading } = settings.about;
    const manifest = await finish(partial, reading && !('kind' in parts) ? { ...parts, reading } : parts);
    throwIfAborted(signal, 'compile');
    await replace(target, partial);
    return manifest;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function readConfig(checkpoint: string): Promise<unknown> {
  const path = join(checkpoint, 'config.json');
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw checkpointInvalid(path, 'expected a JSON file. Is this the directory of a checkpoint?', { cause });
  }
}

function findFamily(path: string, config: unknown): Family {
  // Any JSON value: the fields may be absent.
  const given = (config ?? {}) as { family?: unknown; model_type?: unknown; _class_name?: unknown };
  const { family: name, model_type: type, _class_name: kind } = given;
  const isOne = ({ name: own, modelTypes = [], classNames = [] }: Family): boolean => {
    if (name !== undefined) return own === name;
    return modelTypes.some((known) => known === type) || classNames.some((known) => known === kind);
  };
  const family = families.find(isOne);
  if (family !== undefined) return family;
  const names = families.map((candidate) => candidate.name).join(', ');
  const types = families.flatMap(({ modelTypes = [] }) => modelTypes).join(', ');
  const kinds = families.flatMap(({ classNames = [] }) => classNames).join(', ');
  throw checkpointInvalid(
    path,
    `family: expected one of ${names}, found ${JSON.stringify(name)}; or model_type: one of ${types}, found ` +
      `${JSON.stringify(type)}; or _class_name: ${kinds}, found ${JSON.stringify(kind)}.`,
  );
}

/** Sizes and hashes are taken from the files; what the options said is checked here. */
async function finish(directory: string, parts: Parts): Promise<CompiledManifest> {
  try {
    if (!('kind' in parts)) return await writeManifest(directory, parts);
    if (parts.kind === 'tokenizer') return await writeTokenizerManifest(directory, parts);
    return await writeAdapterManifest(directory, parts);
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

/** Only nothing, an empty directory or a bundle may be replaced: a mistyped path must not cost anyone their files. */
async function checkReplaceable(target: string): Promise<void> {
  if (!existsSync(target)) return;
  const entries = await readdir(target).catch(() => ['not a directory']);
  if (entries.length === 0 || entries.includes('manifest.json')) return;
  throw new AnyToAnyError(
    'OPTION_INVALID',
    `${target} is neither empty nor a bundle. Name a directory that may be replaced.`,
    { path: target },
  );
}

async function replace(target: string, partial: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  if (!existsSync(target)) return rename(partial, target);
  const old = `${partial}-old`;
  await rename(target, old);
  try {
    await rename(partial, target);
  } catch (error) {
    await rename(old, target);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}
