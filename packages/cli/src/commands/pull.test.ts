/** The built command as a process, against a hub on this machine. `tsc -b` comes before, as in `npm test`. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HubServer, startHub } from '../hub/server.test.kit.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const weights = Buffer.alloc(2_000_000, 'weights');
const secret = 'hf_very_secret';
let folder: string;
let hub: HubServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'any-to-any-pull-'));
  hub = await startHub({ 'config.json': '{}', 'model.safetensors': weights });
  hub.trouble.token = secret;
});
afterAll(async () => {
  await hub.close();
  await rm(folder, { recursive: true });
});

function start(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, 'pull', ...args], {
    cwd: folder,
    env: { ...process.env, HF_ENDPOINT: hub.url, HF_HOME: folder, HF_TOKEN: secret, ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += chunk));
  child.stderr.on('data', (chunk) => (output.stderr += chunk));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, ...output })),
  );
  return { child, ended };
}

// Starting Node takes seconds where many tests share few cores.
describe('any-to-any pull', { timeout: 120_000 }, () => {
  it('stopped by Ctrl-C or killed it keeps what there is; again, it fetches the rest', async () => {
    hub.trouble.hangAfter = 800_000;
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const before = hub.rangesOf('model.safetensors').length;
      const { child, ended } = start(['owner/tiny']);
      while (hub.rangesOf('model.safetensors').length === before) await pause(20);
      await pause(300);
      child.kill(signal);
      expect((await ended).code).toBe(signal === 'SIGINT' ? 130 : null);
      expect(await readdir(join(folder, 'tiny'))).toEqual(['.pull', 'config.json']);
    }
    delete hub.trouble.hangAfter;
    const { code, stdout, stderr } = await start(['owner/tiny']).ended;
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/\ntiny: owner\/tiny at c0ffee000000, 2 files, 2.0 MB; fetched \d/);
    expect(hub.rangesOf('model.safetensors').at(-1)).toMatch(/^bytes=\d{5,}-$/);
    expect((await readFile(join(folder, 'tiny', 'model.safetensors'))).equals(weights)).toBe(true);
    expect((await start(['owner/tiny']).ended).stderr).toMatch(/all of it was there\n$/);
  });

  it('fetches what compile takes', async () => {
    const fixture = fileURLToPath(new URL('../../../compiler/fixtures/llama/llama-3', import.meta.url));
    const files = (await readdir(fixture)).map(async (name) => [name, await readFile(join(fixture, name))]);
    const other = await startHub(Object.fromEntries(await Promise.all(files)));
    expect((await start(['owner/tiny', 'llama'], { HF_ENDPOINT: other.url }).ended).code).toBe(0);
    await other.close();
    const compiled = spawn(process.execPath, [main, 'compile', 'llama', 'bundle', '--quiet'], {
      cwd: folder,
      stdio: 'inherit',
    });
    expect(await new Promise((resolve) => compiled.on('close', resolve))).toBe(0);
    expect((await openBundle(join(folder, 'bundle'))).manifest.name).toBe('llama');
  });

  it('never shows the token', async () => {
    const debug = { ANY_TO_ANY_DEBUG: '1' };
    const ended = [
      await start(['owner/other'], debug).ended,
      await start(['owner/tiny', '--revision', 'none'], debug).ended,
      await start(['owner/tiny', 'x'], { ...debug, HF_ENDPOINT: 'http://127.0.0.1:1' }).ended,
      await start(['owner/tiny', 'x'], { ...debug, HF_TOKEN: `${secret}\n${secret}` }).ended,
    ];
    expect(ended.map(({ code }) => code)).toEqual([1, 1, 1, 1]);
    expect(ended.at(-1)!.stderr).toMatch(/^OPTION_INVALID {2}HF_TOKEN holds no token/);
    expect(ended.map(({ stdout, stderr }) => stdout + stderr).join()).not.toContain(secret);
  });
});

const pause = (milliseconds: number): Promise<unknown> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
