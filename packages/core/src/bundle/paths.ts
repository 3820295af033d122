/** Paths inside a bundle: always relative, forward slashes, never leaving it. */
import { join } from 'node:path';
import { AnyToAnyError } from '../errors.ts';

/** The absolute path of a bundle's file. Throws BUNDLE_PATH for anything that could point elsewhere. */
export function pathInBundle(directory: string, path: string): string {
  const parts = path.split('/');
  const odd = path.includes('\\') || path.includes('\0') || path.includes(':');
  if (odd || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new AnyToAnyError(
      'BUNDLE_PATH',
      `"${path}" is not a plain relative path. A bundle names only files below its own directory.`,
      { path },
    );
  }
  return join(directory, ...parts);
}
