/**
 * What a compile's result depends on, as one hash: the checkpoint's files by size and time, the options, and this very
 * compiler. Two compiles of one identity write the same bytes, so one may go on where the other stopped.
 */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { Settings } from '../options.ts';

/** `except`: directories that are written meanwhile, and may lie in the checkpoint. */
export async function identityOf(
  checkpoint: string,
  settings: Settings,
  except: readonly string[],
): Promise<string> {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  const facts = {
    version,
    // A compiler under development keeps its version from one change to the next.
    compiler: await stampsOf(resolve(import.meta.dirname, '..'), []),
    checkpoint: resolve(checkpoint),
    files: await stampsOf(resolve(checkpoint), except),
    settings,
  };
  return createHash('sha256').update(JSON.stringify(facts, plain)).digest('hex');
}

/** `path size time` of every file below `root`, or of the file itself; links count as what they point to. */
async function stampsOf(root: string, except: readonly string[]): Promise<string[]> {
  const stamps: string[] = [];
  const visit = async (path: string): Promise<void> => {
    const info = await stat(path, { bigint: true }).catch(() => undefined);
    if (info === undefined || except.includes(path)) return;
    if (!info.isDirectory()) {
      stamps.push(`${path} ${info.size} ${info.mtimeNs}`);
      return;
    }
    for (const entry of await readdir(path, { withFileTypes: true })) {
      // What tools keep there under names with a dot is no part of a checkpoint; a linked directory may be a circle.
      const linked = entry.isSymbolicLink() && (await isDirectory(join(path, entry.name)));
      if (!entry.name.startsWith('.') && !linked) await visit(join(path, entry.name));
    }
  };
  await visit(root);
  return stamps.sort();
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** JSON writes typed arrays as objects of thousands of keys. */
function plain(_: string, value: unknown): unknown {
  if (!ArrayBuffer.isView(value)) return value;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return [value.constructor.name, bytes.toString('base64')];
}
