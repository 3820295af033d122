/** Where ffmpeg is found, and what happens when it is missing, killed, hangs or is something else. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { AnyToAnyError } from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { fixture, lives, makeFolder, script, tone, watchTemporary } from '../files.test.kit.ts';
import { readSound } from '../read.ts';
import { writeSound } from '../write.ts';
import { locateFfmpeg } from './locate.ts';

const folder = await makeFolder();
const temporaryFolders = await watchTemporary();
const work = folder.path('work');
await mkdir(work);
const target = `${work}/x.flac`;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function waitFor(path: string): Promise<string> {
  while (!existsSync(path) || (await readFile(path, 'utf8')) === '') await pause(10);
  return (await readFile(path, 'utf8')).trim();
}

async function messageOf(work: () => Promise<unknown>): Promise<string> {
  const error: unknown = await work().catch((cause: unknown) => cause);
  return AnyToAnyError.is(error) ? error.message : `no error: ${String(error)}`;
}

/** Both ways with one program: reads a path, reads bytes, writes. */
async function expectEach(
  code: Parameters<typeof expectCode>[1],
  options: { ffmpeg: string; timeout?: number },
) {
  await expectCode(() => readSound(fixture('bell.mp3'), options), code);
  const bytes = await readFile(fixture('bell.m4a'));
  await expectCode(() => readSound(bytes, options), code);
  await expectCode(() => writeSound(tone(1), target, options), code);
  expect(await temporaryFolders()).toEqual([]);
  expect(existsSync(target)).toBe(false);
}

test('is found by name, FFMPEG_PATH, PATH and a package of the project, in this order', async () => {
  const program = (name: string) => script(folder.path(name), 'exit 1');
  const [named, byVariable] = [await program('named'), await program('by-variable')];
  await mkdir(folder.path('bin'));
  const onPath = await program('bin/ffmpeg');
  const env = { FFMPEG_PATH: byVariable, PATH: `relative:${folder.path('none')}:${folder.path('bin')}` };
  expect(await locateFfmpeg(named, env)).toBe(named);
  expect(await locateFfmpeg(undefined, env)).toBe(byVariable);
  expect(await locateFfmpeg(undefined, { ...env, FFMPEG_PATH: '' })).toBe(onPath);

  const packed = await program('packed');
  const before = process.cwd();
  process.chdir(folder.path('.'));
  try {
    await expectCode(() => locateFfmpeg(undefined, { PATH: 'bin' }), 'FFMPEG_MISSING'); // relative: not followed
    for (const [name, code] of [
      ['ffmpeg-static', `module.exports = ${JSON.stringify(packed)}`],
      ['@ffmpeg-installer/ffmpeg', 'throw "Unsupported platform"'],
    ] as const) {
      await mkdir(folder.path(`node_modules/${name}`), { recursive: true });
      await writeFile(folder.path(`node_modules/${name}/index.js`), code);
    }
    expect(await locateFfmpeg(undefined, {})).toBe(packed);
    await chmod(packed, 0o644);
    await expectCode(() => locateFfmpeg(undefined, {}), 'FFMPEG_MISSING');
  } finally {
    process.chdir(before);
  }
});

test('missing: says what to install; a name that leads nowhere is not replaced by another', async () => {
  await writeFile(folder.path('text'), 'no program');
  for (const ffmpeg of [folder.path('none'), folder.path('text'), work])
    await expectEach('FFMPEG_MISSING', { ffmpeg });
  const message = await messageOf(() => readSound(fixture('bell.mp3'), { ffmpeg: folder.path('none') }));
  expect(message).toMatch(/none.*apt install ffmpeg.*@ffmpeg-installer\/ffmpeg.*FFMPEG_PATH/);
  await expectCode(() => locateFfmpeg(undefined, { FFMPEG_PATH: folder.path('none') }), 'FFMPEG_MISSING');
});

test('a program that cannot be started does not end the process', async () => {
  await writeFile(folder.path('garbage'), Buffer.from([0, 1, 2, 3]), { mode: 0o755 });
  await writeFile(folder.path('no-interpreter'), '#!/no/such/program\n', { mode: 0o755 });
  for (const name of ['garbage', 'no-interpreter'])
    await expectEach('FFMPEG_FAILED', { ffmpeg: folder.path(name) });
});

test('one that says nothing, ends early, or writes something else', async () => {
  await expectEach('FFMPEG_FAILED', { ffmpeg: await script(folder.path('killed'), 'kill -9 $$') });
  const mute = await script(folder.path('mute'), 'exit 0');
  await expectCode(() => readSound(fixture('bell.mp3'), { ffmpeg: mute }), 'CONTENT_INVALID');
  await expectCode(() => writeSound(tone(1), target, { ffmpeg: mute }), 'FFMPEG_FAILED');
  const chatty = await script(folder.path('chatty'), 'yes | head -c 300000; echo oh >&2; exit 3');
  await expectCode(() => readSound(fixture('bell.mp3'), { ffmpeg: chatty }), 'CONTENT_INVALID');
  const message = await messageOf(() => writeSound(tone(1), target, { ffmpeg: chatty }));
  expect(message).toBe('FFMPEG_FAILED  ffmpeg ended with 3: oh');
  expect(existsSync(target)).toBe(false);
});

test('one that hangs is killed after its time, also behind a wrapper that holds its streams', async () => {
  const direct = await script(folder.path('hangs'), 'exec sleep 1000');
  const wrapped = await script(folder.path('wraps'), 'sleep 20; true');
  for (const ffmpeg of [direct, wrapped]) {
    const began = performance.now();
    await expectEach('FFMPEG_FAILED', { ffmpeg, timeout: 0.2 });
    expect(performance.now() - began).toBeLessThan(15_000);
  }
  const message = await messageOf(() => readSound(fixture('bell.mp3'), { ffmpeg: direct, timeout: 0.2 }));
  expect(message).toContain('longer than 0.2 seconds');
});

test('killed or aborted midway: the child is gone when the error comes', async () => {
  for (const end of ['kill', 'abort'] as const) {
    for (const way of ['read', 'write'] as const) {
      const pidFile = folder.path(`${end}-${way}`);
      const ffmpeg = await script(folder.path('waits'), `echo $$ > ${pidFile}; exec sleep 1000`);
      const controller = new AbortController();
      const options = { ffmpeg, signal: controller.signal };
      const done =
        way === 'read' ? readSound(fixture('bell.mp3'), options) : writeSound(tone(1), target, options);
      const failed = expectCode(() => done, end === 'kill' ? 'FFMPEG_FAILED' : 'ABORTED');
      const pid = Number(await waitFor(pidFile));
      expect(lives(pid)).toBe(true);
      if (end === 'kill') process.kill(pid, 'SIGKILL');
      else controller.abort();
      await failed;
      expect(lives(pid)).toBe(false);
    }
  }
});

test('a process that ends in the middle leaves neither files nor children', {
  timeout: 180_000,
}, async () => {
  const pidFile = folder.path('exit');
  const ffmpeg = await script(folder.path('stays'), `echo $$ > ${pidFile}; exec sleep 1000`);
  const write = new URL('../../../dist/files/write.js', import.meta.url).href;
  const program = `
    const { writeSound } = await import(${JSON.stringify(write)});
    const { createSoundWriter } = await import(new URL('writer.js', ${JSON.stringify(write)}).href);
    const writer = await createSoundWriter(${JSON.stringify(`${work}/half.wav`)}, 8000);
    await writer.write(new Float32Array(8000));
    const sound = { modality: 'audio', rate: 8000, samples: new Float32Array(8000) };
    writeSound(sound, ${JSON.stringify(target)}, { ffmpeg: ${JSON.stringify(ffmpeg)} });
    process.stdin.once('data', () => { throw new Error('crash'); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const pid = Number(await waitFor(pidFile));
  child.stdin.write('now');
  expect(await ended).not.toBe(0);
  for (let i = 0; i < 100 && lives(pid); i++) await pause(20);
  expect(lives(pid)).toBe(false);
  expect(existsSync(target)).toBe(false);
  expect(await readdir(work)).toEqual([]);
});

test('many at once do not mix', async () => {
  const programs = await Promise.all(
    Array.from({ length: 12 }, (_, i) => script(folder.path(`says-${i}`), `echo number ${i} >&2; exit 1`)),
  );
  const messages = await Promise.all(
    programs.map((ffmpeg) => messageOf(() => writeSound(tone(0.1), target, { ffmpeg }))),
  );
  messages.forEach((message, i) => {
    expect(message).toBe(`FFMPEG_FAILED  ffmpeg ended with 1: number ${i}`);
  });
});
