/**
 * A checkpoint's directory → a bundle's directory. Finds the family, lets it write, adds hashes and the manifest.
 * The bundle appears whole or not at all: everything is written beside it and moved when it is complete. What an
 * interrupted compile completed is kept there, and the next one with the same checkpoint and options goes on with it.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
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
import type { Family, FamilyJob } from './families/family.ts';
import { llama } from './families/llama/family.ts';
import { mimi } from './families/mimi/family.ts';
import { isGguf } from './gguf/file.ts';
import { type CompileOptions, resolveOptions } from './options.ts';
import { checkpointInvalid } from './safetensors/invalid.ts';
import { checkLinks } from './safetensors/links.ts';
import { findPickle, isPickle, pickleFound } from './safetensors/open.ts';
import { identityOf } from './work/identity.ts';
import { openPlace, partialOf } from './work/place.ts';

const families: readonly Family[] = [anyToAny, llama, encodec, mimi];

/**
 * Compiles `checkpoint`, a directory or a GGUF file, into `out`, which must be absent, empty or an older bundle (it is replaced).
 * Returns the manifest: of a model, or, for the checkpoint of a codec, of a tokenizer on its own. Throws CHECKPOINT_INVALID, OPTION_*, SPACE_INVALID, REGION_OVERLAP, TARGET_BUSY, ABORTED.
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
  if (isPickle(checkpoint)) throw pickleFound(checkpoint);
  if (!isGguf(checkpoint)) await checkLinks(checkpoint);
  const config = isGguf(checkpoint) ? undefined : await readConfig(checkpoint);
  const family = isGguf(checkpoint) ? llama : findFamily(join(checkpoint, 'config.json'), config);
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
    const job = { checkpoint, config, out: directory, settings, journal, onBytes, signal };
    const manifest = await finish(directory, await family.compile(job));
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

async function readConfig(checkpoint: string): Promise<unknown> {
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
