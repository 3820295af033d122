/**
 * Reads the repository for the tests of this folder: its sources, their imports, its packages and documents.
 * Nothing is judged here.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

export interface Source {
  /** Relative to the repository, forward slashes. */
  readonly path: string;
  readonly text: string;
}

const skipped = new Set(['node_modules', 'dist', 'fixtures', 'out', '.git']);

/** Files of the working tree whose path matches, without what is built, installed or data. */
export function files(pattern: RegExp): string[] {
  return walk('')
    .filter((path) => pattern.test(path))
    .sort();
}

function walk(directory: string): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
    if (!entry.isDirectory()) return [path];
    return skipped.has(entry.name) ||
      path === 'packages/model-emoji/bundle' ||
      entry.name.startsWith('.snippets')
      ? []
      : walk(path);
  });
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/**
 * The JSON of a file that pins `now`; to be compared by the caller. With UPDATE=1 in the environment it is written first
 * (`npm run format` then gives it its form).
 */
export function pinned(path: string, now: unknown): unknown {
  if (process.env['UPDATE'] === '1') writeFileSync(join(root, path), `${JSON.stringify(now, null, 2)}\n`);
  return JSON.parse(read(path));
}

export function sources(pattern: RegExp): Source[] {
  return files(pattern).map((path) => ({ path, text: read(path) }));
}

/** Tests and what only tests use; neither is published. */
export const isTest = (path: string): boolean => /\.test\.(kit\.)?ts$/.test(path);

/** What packages publish. */
export function packageSources(): Source[] {
  return sources(/^packages\/[^/]+\/src\/.*\.ts$/).filter(({ path }) => !isTest(path));
}

/** Module specifiers of static imports, re-exports and `import()`: `import x from 'y'` → `y`. */
export function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const statement = /^\s*(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]/gm;
  const bare = /^\s*import\s*['"]([^'"]+)['"]/gm;
  const dynamic = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
  return [statement, bare, dynamic].flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => match[1]!),
  );
}

/** `./a.ts` in `x/b.ts` → `x/a.ts`; undefined for packages. */
export function localTarget(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return relative(root, resolve(root, dirname(from), specifier)).replaceAll('\\', '/');
}

/** `zod/v4` → `zod`, `@a/b/c` → `@a/b`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string | { readonly default: string; readonly types: string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface WorkspacePackage {
  /** `packages/core`. */
  readonly directory: string;
  readonly manifest: Manifest;
}

export function packages(): WorkspacePackage[] {
  return files(/^packages\/[^/]+\/package\.json$/).map((path) => ({
    directory: dirname(path),
    // The shape of the fields that are read; npm's own checks hold the rest.
    manifest: JSON.parse(read(path)) as Manifest,
  }));
}
