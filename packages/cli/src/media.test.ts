import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SoundContent } from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mediumOf, modalityOf } from './media.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'any-to-any-media-'));
});
afterAll(() => rm(folder, { recursive: true }));

const sound: SoundContent = { modality: 'audio', rate: 8000, samples: Float32Array.of(0, 0.5, -1) };

describe('files of sound', () => {
  it('what is written is read, as WAV unless the extension says otherwise', async () => {
    const { read, write, extensions } = mediumOf('audio')!;
    expect(extensions[0]).toBe('.wav');
    expect(extensions.map((extension) => modalityOf(`a${extension}`))).toEqual(extensions.map(() => 'audio'));
    await write(sound, join(folder, 'a.wav'));
    expect(await read(join(folder, 'a.wav'))).toEqual(sound);
  });

  it('stops on the signal', async () => {
    const { read, write } = mediumOf('audio')!;
    const signal = AbortSignal.abort();
    await write(sound, join(folder, 'b.wav'));
    await expectCode(() => read(join(folder, 'b.wav'), signal), 'ABORTED');
    await expectCode(() => write(sound, join(folder, 'c.wav'), signal), 'ABORTED');
  });
});
