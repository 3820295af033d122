import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { StudioOptions } from '@any-to-any/studio';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { fakeBundle, fakePlugin } from '../fakes.test.kit.ts';
import { run } from '../program.ts';

const page = vi.hoisted(() => ({ directory: '' }));
// The page itself need not be built: another directory stands in for it.
vi.mock('@any-to-any/studio', async (original) => {
  const { startStudio } = await original<typeof import('@any-to-any/studio')>();
  return { startStudio: (options: StudioOptions) => startStudio({ ...options, page: page.directory }) };
});

let model: string;
beforeAll(async () => {
  model = await fakeBundle();
  page.directory = await mkdtemp(join(tmpdir(), 'any-to-any-studio-'));
  await writeFile(join(page.directory, 'index.html'), '<!doctype html><title>page</title>');
});
afterAll(() => Promise.all([model, page.directory].map((path) => rm(path, { recursive: true }))));

function call(args: string[], signal: AbortSignal) {
  const text = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _, done) {
        text[name] += chunk;
        done();
      },
    });
  const ended = run(['studio', '--model', model, ...args], {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    stdin: Readable.from([]),
    env: {},
    plugins: [fakePlugin()],
    signal,
    now: () => 0,
  });
  return { text, ended };
}

it('serves the page at the address it prints until it is stopped', async () => {
  const controller = new AbortController();
  const { text, ended } = call([], controller.signal);
  await expect.poll(() => text.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=\S+\n$/);
  expect(text.stderr).toBe('fakes is at the address below; Ctrl-C ends it.\n');
  const url = text.stdout.trim();
  expect(await (await fetch(url)).text()).toContain('<title>page');
  controller.abort();
  expect(await ended).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
});

it('says what is wrong with its options', async () => {
  const { signal } = new AbortController();
  for (const args of [
    ['--port', '70000'],
    ['--port', 'x'],
    ['--host', '0.0.0.0'],
  ]) {
    const { text, ended } = call(args, signal);
    expect(await ended).toBe(2);
    expect(text.stdout).toBe('');
  }
});
