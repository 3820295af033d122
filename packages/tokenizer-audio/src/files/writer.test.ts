import { mkdir, readFile } from 'node:fs/promises';
import { expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { makeFolder, tone } from './files.test.kit.ts';
import { encodeWav } from './wav/write.ts';
import { createSoundWriter } from './writer.ts';

const folder = await makeFolder();

test('sound as it comes makes the file that it makes when it is whole', async () => {
  const sound = tone(0.1, 44_100);
  for (const bits of [16, 24, 32] as const) {
    const path = folder.path(`${bits}.wav`);
    const writer = await createSoundWriter(path, 44_100, { bits });
    const all: Promise<void>[] = [];
    for (let at = 0; at < sound.samples.length; at += 333)
      all.push(writer.write(sound.samples.subarray(at, at + 333)));
    await writer.write(new Float32Array(0));
    expect((await folder.names()).includes(`${bits}.wav`)).toBe(false); // not before it is complete
    await writer.close();
    await Promise.all(all);
    expect(new Uint8Array(await readFile(path))).toEqual(encodeWav(sound, { bits }));
  }
});

test('given up, broken, empty: nothing is left, and a closed writer says so', async () => {
  const path = folder.path('gone.wav');
  const given = await createSoundWriter(path, 8000);
  await given.write(Float32Array.of(0.5));
  await given.discard();
  await given.discard();
  await expectCode(() => given.write(Float32Array.of(0.5)), 'OPTION_INVALID');
  const broken = await createSoundWriter(path, 8000);
  await expectCode(() => broken.write(Float32Array.of(Number.NaN)), 'CONTENT_INVALID');
  await expectCode(() => broken.close(), 'CONTENT_INVALID');
  const empty = await createSoundWriter(path, 8000);
  await expectCode(() => empty.close(), 'CONTENT_INVALID');
  const once = await createSoundWriter(folder.path('once.wav'), 8000);
  await once.write(Float32Array.of(1));
  await once.close();
  await once.discard();
  await expectCode(() => once.close(), 'OPTION_INVALID');
  expect((await folder.names()).filter((name) => /gone|partial/.test(name))).toEqual([]);
  expect((await folder.names()).includes('once.wav')).toBe(true);
});

test('refuses places, formats and rates it cannot write', async () => {
  await mkdir(folder.path('taken.wav'));
  for (const name of ['taken.wav', 'none/x.wav']) {
    await expectCode(() => createSoundWriter(folder.path(name), 8000), 'OPTION_INVALID');
  }
  await expectCode(() => createSoundWriter(folder.path('x.mp3'), 8000), 'FORMAT_UNKNOWN');
  await expectCode(() => createSoundWriter(folder.path('x.wav'), 0), 'CONTENT_INVALID');
  await expectCode(() => createSoundWriter(folder.path('x.wav'), 8000, { bits: 8 as 16 }), 'OPTION_INVALID');
  // @ts-expect-error: an unknown option
  await expectCode(() => createSoundWriter(folder.path('x.wav'), 8000, { rate: 1 }), 'OPTION_UNKNOWN');
});
