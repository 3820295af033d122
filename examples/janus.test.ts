import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from '@any-to-any/compiler';
import { readImage } from '@any-to-any/tokenizer-image';
import { expect, test } from 'vitest';

test('with a tiny random Janus: previews and a picture on disk, then words', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'janus-'));
  try {
    const bundle = join(directory, 'bundle');
    await compile(new URL('../packages/compiler/fixtures/janus', import.meta.url).pathname, bundle);
    const program = join(import.meta.dirname, 'dist/janus.js');
    const { status, stderr, stdout } = spawnSync(process.execPath, [program, bundle, 'the cat'], {
      cwd: directory,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const pictures = readdirSync(join(directory, 'out'));
    expect(pictures).toContain('janus.png');
    expect(pictures.length).toBeGreaterThan(1);
    expect((await readImage(join(directory, 'out/janus.png'))).width).toBe(10);
    expect(stdout.trimEnd().split('out/janus.png\n').at(-1)!.length).toBeGreaterThan(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
