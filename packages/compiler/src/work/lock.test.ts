import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { holdLock } from './lock.ts';

const kit = fileURLToPath(new URL('../../dist/work/killed.test.kit.js', import.meta.url));
let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'any-to-any-lock-'));
});
afterAll(() => rm(root, { recursive: true }));

const fresh = (): string => join(root, `${count++}.lock`);
const holder = (host: string, id: number) => JSON.stringify({ process: id, host, token: 'other' });
const long = (): number => Date.now() / 1000 - 60;

test('held by one at a time', async () => {
  const path = fresh();
  const lock = await holdLock(path, 'the bundle');
  await expect(holdLock(path, 'the bundle')).rejects.toThrow(
    `TARGET_BUSY  Process ${process.pid} on ${hostname()} is writing the bundle.`,
  );
  await lock.check();
  await lock.release();
  expect(existsSync(path)).toBe(false);
  await (await holdLock(path, 'the bundle')).release();
});

test('a process that was killed gives it up', { timeout: 60_000 }, async () => {
  const path = fresh();
  const child = spawn(process.execPath, [kit, 'endless', path]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await expect(holdLock(path, 'this')).rejects.toThrow(`TARGET_BUSY  Process ${child.pid} on`);
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
  await (await holdLock(path, 'this')).release();
});

test('of another machine it is taken over when nobody has touched it for long', async () => {
  const path = fresh();
  await writeFile(path, holder('elsewhere', 1));
  await expect(holdLock(path, 'this')).rejects.toThrow('TARGET_BUSY  Process 1 on elsewhere');
  await utimes(path, long(), long());
  await (await holdLock(path, 'this')).release();
});

test('of an earlier process with the same number', async () => {
  const path = fresh();
  await writeFile(path, holder(hostname(), process.pid));
  await (await holdLock(path, 'this')).release();
});

test('one that was never written to its end', async () => {
  const path = fresh();
  await writeFile(path, '{"pro');
  await utimes(path, long(), long());
  await (await holdLock(path, 'this')).release();
});

test('who lost it is told, and leaves it to the other', async () => {
  const path = fresh();
  const lock = await holdLock(path, 'this');
  await writeFile(path, holder('elsewhere', 7));
  await expect(lock.check()).rejects.toThrow('TARGET_BUSY  Process 7 on elsewhere');
  await lock.release();
  expect(await readFile(path, 'utf8')).toContain('elsewhere');
});

test('of many who see the same dead one, one gets it', async () => {
  const path = fresh();
  await writeFile(path, holder('elsewhere', 1));
  await utimes(path, long(), long());
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => holdLock(path, 'this')));
  const won = all.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(won).toHaveLength(1);
  await won[0]!.check();
  await won[0]!.release();
  expect((await readdir(root)).filter((name) => name.startsWith(path))).toEqual([]);
});
