/**
 * Pins what each package exports, types included, in `surface.json`: what strangers build on changes on purpose only.
 * `UPDATE=1 npx vitest run test/surface` writes it anew.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Manifest, packages, pinned, read, root } from './source.ts';

interface Names {
  readonly values: readonly string[];
  readonly types: readonly string[];
}

/** Names of an index file that does nothing but `export { a, type B } from '…'`. */
function namesOf(text: string): Names {
  const values: string[] = [];
  const types: string[] = [];
  for (const [, type, list] of text.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const item of list!.split(',').map((part) => part.trim())) {
      if (item === '') continue;
      const name = item
        .replace(/^type /, '')
        .split(' as ')
        .at(-1)!;
      (type !== undefined || item.startsWith('type ') ? types : values).push(name);
    }
  }
  return { values: values.sort(), types: types.sort() };
}

interface Entry {
  /** `@any-to-any/core/testing`. */
  readonly entry: string;
  readonly source: string;
  readonly built: string;
}

function entriesOf(directory: string, { name, exports = {} }: Manifest): Entry[] {
  return Object.entries(exports).flatMap(([path, target]) => {
    if (typeof target === 'string') return []; // data, not code
    const built = join(root, directory, target.default);
    const source = target.default.replace('./dist/', `${directory}/src/`).replace(/\.js$/, '.ts');
    return [{ entry: name + path.slice(1), source, built }];
  });
}

const entries = packages().flatMap(({ directory, manifest }) => entriesOf(directory, manifest));

describe('the surface', () => {
  test('is what surface.json says', () => {
    const surface = Object.fromEntries(entries.map(({ entry, source }) => [entry, namesOf(read(source))]));
    expect(surface).toEqual(pinned('test/surface.json', surface));
  });

  test.each(entries)('$entry is built with exactly its values', async ({ source, built }) => {
    const module: object = await import(pathToFileURL(built).href);
    expect(Object.keys(module).sort()).toEqual(namesOf(read(source)).values);
  });

  test('the reader of names sees every form', () => {
    const text =
      "export { b, type C, d as e } from './x.ts';\nexport type {\n  F,\n} from './y.ts';\nexport {};";
    expect(namesOf(text)).toEqual({ values: ['b', 'e'], types: ['C', 'F'] });
  });
});
