/** Runs the first program of README.md as it stands there, in an empty directory. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readImage } from '@any-to-any/tokenizer-image';
import { expect, test } from 'vitest';
import { root } from './source.ts';

test('the program of README.md leaves a picture', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'readme-'));
  try {
    const program = join(root, 'examples/dist/draw.js');
    const { status, stderr } = spawnSync(process.execPath, [program], { cwd: directory, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { width, height, data } = await readImage(join(directory, 'apple.png'));
    expect(data.length).toBe(width * height * 4);
    expect(new Set(data).size).toBeGreaterThan(8); // not a blank canvas
  } finally {
    rmSync(directory, { recursive: true });
  }
});
