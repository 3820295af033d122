/**
 * Packs every public package as a release would, and looks at it as a stranger would: what is in it, and does it resolve.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Manifest, packages, read, root } from './source.ts';

const published = packages().filter(({ manifest }) => manifest.private !== true);
let directory: string;

/** Packs all at once: starting the package manager takes longer than packing. */
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'packed-'));
  const { packageManager } = JSON.parse(read('package.json')) as { packageManager: string };
  const filters = published.flatMap(({ manifest }) => ['--filter', manifest.name]);
  const command = ['--yes', packageManager, ...filters, 'pack', '--pack-destination', directory];
  execFileSync('npx', command, { cwd: root, stdio: 'pipe', shell: process.platform === 'win32' });
});

afterAll(() => rmSync(directory, { recursive: true }));

const tarball = ({ name, version }: Manifest): Buffer =>
  readFileSync(join(directory, `${name.slice(1).replace('/', '-')}-${version}.tgz`));

/** Path → content of a `.tgz`: blocks of 512 bytes, a header and then the file (POSIX ustar). */
function unpack(packed: Buffer): Map<string, Buffer> {
  const bytes = gunzipSync(packed);
  const files = new Map<string, Buffer>();
  const field = (at: number, length: number): string =>
    bytes.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    const size = Number.parseInt(field(at + 124, 12), 8);
    const prefix = field(at + 345, 155);
    const path = `${prefix === '' ? '' : `${prefix}/`}${field(at, 100)}`;
    files.set(path.replace(/^package\//, ''), bytes.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

describe.each(published)('$manifest.name', ({ manifest }) => {
  test('has its licence, its page and everything that its exports name', () => {
    const paths = [...unpack(tarball(manifest)).keys()];
    const needed = ['LICENSE', 'README.md', 'package.json'];
    expect(needed.filter((path) => !paths.includes(path))).toEqual([]);
    const named = Object.values(manifest.exports ?? {}).flatMap((target) =>
      typeof target === 'string' ? [target] : [target.default, target.types],
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((path) => !paths.includes(path.replace('./', '')))).toEqual([]);
  });

  test('has no tests, fixtures, sources or leftovers', () => {
    const paths = [...unpack(tarball(manifest)).keys()];
    const unwanted = /\.test\.|(^|\/)(fixtures|src|node_modules)\/|tsbuildinfo|\.env|\.partial/;
    expect(paths.filter((path) => unwanted.test(path))).toEqual([]);
  });

  test('depends on releases, not on this workspace', () => {
    const packed = JSON.parse(unpack(tarball(manifest)).get('package.json')!.toString()) as Manifest;
    const versions = Object.entries({ ...packed.dependencies, ...packed.peerDependencies });
    expect(versions.filter(([, version]) => /^(workspace|file|link):/.test(version))).toEqual([]);
    expect('devDependencies' in packed && JSON.stringify(packed).includes('workspace:')).toBe(false);
    const privates = packages()
      .filter((one) => one.manifest.private)
      .map((one) => one.manifest.name);
    expect(versions.filter(([name]) => privates.includes(name))).toEqual([]);
  });

  test('publint has nothing to say', async () => {
    const { messages, pkg } = await publint({
      pack: { tarball: new Uint8Array(tarball(manifest)).buffer },
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });
});
