/** Finds the directory of a bundle: a path, or an npm package that carries one in `bundle/`. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { AnyToAnyError } from '../errors.ts';

/** `from`: the file or directory whose packages are searched, the working directory by default. */
export function locateBundle(model: string, from: string = join(process.cwd(), 'package.json')): string {
  const directory = resolve(model);
  if (existsSync(join(directory, 'manifest.json'))) return directory;
  if (!model.startsWith('.') && !model.startsWith('/')) {
    try {
      return dirname(createRequire(from).resolve(`${model}/bundle/manifest.json`));
    } catch {
      // Not a package either: one error for both, below.
    }
  }
  throw new AnyToAnyError(
    'BUNDLE_NOT_FOUND',
    `Expected a directory with a manifest.json, or an installed package with a bundle, got "${model}". ` +
      'Check the path, or install the package.',
    { model },
  );
}
