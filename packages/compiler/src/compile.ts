/**
 * A checkpoint's directory → a bundle's directory. Finds the family, lets it write, adds hashes and the manifest.
 * The bundle appears whole or not at all: everything is written beside it and moved when it is complete. What an
 * interrupted compile completed is kept there, and the next one with the same checkpoint and options goes on with it.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
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
import type { Family, FamilyJob, Parts } from './families/family.ts';
import { families } from './families/known.ts';
import { llama } from './families/llama/family.ts';
import { swinir } from './families/swinir/family.ts';
import { weightsOnly } from './families/swinir/source.ts';
import { isGguf } from './gguf/file.ts';
import { type CompileOptions, resolveOptions } from './options.ts';
import { checkReplaceable } from './replace.ts';
import { checkpointInvalid } from './safetensors/invalid.ts';
import { checkLinks } from './safetensors/links.ts';
import { findPickle, pickleFound } from './safetensors/pickle.ts';
import { identityOf } from './work/identity.ts';
import { openPlace, partialOf } from './work/place.ts';

/** The manifest that `compile` wrote. */
export type CompiledManifest = Manifest | TokenizerManifest | AdapterManifest;

/**
 * Compiles `checkpoint`, a directory or a file that is all of it (GGUF, SwinIR), into `out`, which must be absent, empty or an older bundle (it is replaced).
 * Returns the manifest: of a model, of a tokenizer on its own for the checkpoint of a codec, of an adapter on its own for that of an upsampler. Throws CHECKPOINT_INVALID, OPTION_*, SPACE_INVALID, REGION_OVERLAP, TARGET_BUSY, ABORTED.
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
  if (!alone) await checkLinks(checkpoint);
  const config = alone ? undefined : await readConfig(checkpoint);
  const family = alone || findFamily(join(checkpoint, 'config.json'), config);
  const identify = (): Promise<string> => identityOf(checkpoint, settings, [target, partialOf(target)]);
  await mkdir(dirname(target), { recursive: true });
  const place = await openPlace(target, identify);
  let keep = false;
  try {
    const identity = await identify();
    let done = 0;
    let kept = 0;
    const onBytes: FamilyJob['onBytes'] = (file, bytes, total, earlier = false) => {
      done += bytes;
      if (earlier) kept += bytes;
      onProgress?.({ file, done, total, kept });
    };
    const { bundle: directory, journal } = place;
    const { reading } = settings.about;
    const parts = await family.compile({
      checkpoint,
      config,
      out: directory,
      settings,
      journal,
      onBytes,
      signal,
    });
    const manifest = await finish(directory, reading && !('kind' in parts) ? { ...parts, reading } : parts);
    if ((await identify()) !== identity) {
      throw checkpointInvalid(checkpoint, 'it changed while it was read. Compile it when it is complete.');
    }
    throwIfAborted(signal, 'compile');
    await place.finish();
    return manifest;
  } catch (error) {
    // A checkpoint that is wrong will be another one; a full disk, or whoever stopped it, may come back.
    const interrupted = !AnyToAnyError.is(error) || error.code === 'ABORTED';
    keep = interrupted && !place.journal.isEmpty();
    throw error;
  } finally {
    await place.leave(keep);
  }
}

/** The parsed `config.json`, not yet checked. Throws CHECKPOINT_INVALID. */
export async function readConfig(checkpoint: string): Promise<unknown> {
  const path = join(checkpoint, 'config.json');
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const pickle = existsSync(path) ? undefined : await findPickle(checkpoint);
    if (pickle !== undefined) throw pickleFound(join(checkpoint, pickle));
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
