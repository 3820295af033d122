import type { Content, SoundContent, SoundDelta } from '@any-to-any/core';
import { drain, expectCode, fakeTokenizer, iterate, tokenizerSuite } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import {
  type Calls,
  fakePort,
  options,
  rate,
  rawOptions,
  someLevels,
  soundOf,
  stride,
} from './codec.test.kit.ts';
import { isSoundTokenizer, openSoundTokenizer } from './tokenizer.ts';

const first = { graph: 'encode-first', frames: 3, whole: 'encode-whole' };
const variants: Record<string, Record<string, unknown>> = {
  'a stream both ways': rawOptions,
  'delayed books': { ...rawOptions, arrangement: 'delayed' },
  'a first run of its own': {
    ...rawOptions,
    encode: { ...rawOptions.encode, first },
    decode: { ...rawOptions.decode, first: { graph: 'decode-first', frames: 3, whole: 'decode-whole' } },
  },
  'a first run that is longer': {
    ...rawOptions,
    encode: { ...rawOptions.encode, first: { frames: 3 } },
    decode: { ...rawOptions.decode, first: { frames: 5, whole: 'decode-whole' } },
  },
  'no stream': {
    ...rawOptions,
    encode: { streaming: false, graph: 'encode-whole' },
    decode: { streaming: false, graph: 'decode-whole' },
  },
};

describe.each(Object.entries(variants))('%s', (_, raw) => {
  const create = () => openSoundTokenizer(fakePort(raw));

  describe('the published suite', () => {
    const invalid: SoundContent[] = [
      { ...soundOf([1]), samples: Float32Array.of(0, Number.NaN) },
      { ...soundOf([1]), samples: Float32Array.of(0, 1.5) },
      { ...soundOf([1]), samples: new Float32Array() },
      { ...soundOf([1]), rate: 0 },
    ];
    const cases = tokenizerSuite({
      create,
      samples: [soundOf(someLevels(21)), soundOf([3]), soundOf([1, -2]), soundOf(someLevels(3))],
      invalid,
      same: (original: Content, decoded: Content) => {
        const [before, after] = [original as SoundContent, decoded as SoundContent]; // both of this modality
        return after.rate === rate && `${after.samples}` === `${before.samples}`;
      },
    });
    for (const { name, run } of cases) test(name, run);
  });

  test.each([1, 2, 3, 4, 5, 7, 16, 64])('in pieces of %i samples the ids are the same', async (length) => {
    const tokenizer = await create();
    const content = soundOf(someLevels(13));
    const { ids } = await tokenizer.encode(content);
    const pieces: Float32Array[] = [];
    for (let at = 0; at < content.samples.length; at += length)
      pieces.push(content.samples.slice(at, at + length));
    const streamed = await drain(tokenizer.encodeStream(iterate(pieces), { rate }));
    expect(streamed.flatMap((some) => [...some])).toEqual([...ids]);
  });

  test('any number of samples has ids for whole frames, filled up with silence', async () => {
    const tokenizer = await create();
    for (let count = 1; count <= 17; count++) {
      const { ids } = await tokenizer.encode({ modality: 'audio', rate, samples: new Float32Array(count) });
      expect(ids.length).toBe(2 * Math.ceil(count / stride));
      const sound = tokenizer.join(await drain(tokenizer.decode(iterate(ids), { shape: { kind: 'line' } })));
      expect(sound.samples).toEqual(new Float32Array(Math.ceil(count / stride) * stride));
    }
  });
});

describe('decoding', () => {
  const decode = async (
    ids: Iterable<number>,
    raw: Record<string, unknown> = rawOptions,
    calls: Calls[] = [],
  ) => {
    const tokenizer = await openSoundTokenizer(fakePort(raw, calls));
    return drain(tokenizer.decode(iterate(ids), { shape: { kind: 'line' } }));
  };

  test('by hand: levels 3 and −2, six samples late', async () => {
    // Codes of frame 0: 11 and 33 % 20 = 13, the second book from 20; of frame 1: 6 + 1 and 18 + 1.
    const ids = [11, 33, 7, 39];
    expect([...(await (await openSoundTokenizer(fakePort())).encode(soundOf([3, -2]))).ids]).toEqual(ids);
    const deltas = await decode(ids);
    expect(deltas.flatMap(({ samples }) => [...samples])).toEqual([...soundOf([3, -2]).samples]);
  });

  test('samples come with the second id that makes them certain, before later ids are asked for', async () => {
    const tokenizer = await openSoundTokenizer(fakePort());
    const { ids } = await tokenizer.encode(soundOf(someLevels(9)));
    let asked = 0;
    const source = async function* () {
      for (const id of ids) {
        asked += 1;
        yield id;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    const seen: number[] = [];
    for await (const _ of tokenizer.decode(source(), { shape: { kind: 'line' } })) seen.push(asked);
    expect(seen[0]).toBeLessThanOrEqual(5); // 4 ids are 2 frames: 8 samples, 6 of them late
    expect(seen.length).toBeGreaterThan(5);
  });

  test('the first frames go through the graph alone, later ones together', async () => {
    const calls: Calls[] = [];
    const tokenizer = await openSoundTokenizer(fakePort());
    const { ids } = await tokenizer.encode(soundOf(someLevels(100)));
    await decode(ids, rawOptions, calls);
    expect(calls.map(({ frames }) => frames)).toEqual([...Array(8).fill(1), ...Array(23).fill(4)]);
  });

  test('what is left of an unfinished frame is dropped', async () => {
    const deltas = await decode([11, 33, 7]);
    expect(deltas.flatMap(({ samples }) => [...samples])).toEqual([...soundOf([3]).samples]);
  });

  test('no ids are no sound', async () => {
    const tokenizer = await openSoundTokenizer(fakePort());
    expect(await decode([])).toEqual([]);
    expect(tokenizer.join([])).toEqual({ modality: 'audio', rate, samples: new Float32Array() });
  });

  test('a short sound goes through the graph for short ones, in one run', async () => {
    const calls: Calls[] = [];
    const raw = variants['a first run of its own']!;
    const tokenizer = await openSoundTokenizer(fakePort(raw, calls));
    const { ids } = await tokenizer.encode(soundOf([1, 2]));
    await drain(tokenizer.decode(iterate(ids), { shape: { kind: 'line' } }));
    expect(calls).toEqual([
      { graph: 'encode-whole', frames: 2 },
      { graph: 'decode-whole', frames: 2 },
    ]);
  });

  test('deltas of two rates do not join', async () => {
    const tokenizer = await openSoundTokenizer(fakePort());
    const delta = (own: number): SoundDelta => ({
      modality: 'audio',
      rate: own,
      samples: Float32Array.of(1),
    });
    expect(tokenizer.join([delta(2000), delta(2000)])).toMatchObject({ rate: 2000 });
    await expectCode(() => tokenizer.join([delta(1000), delta(2000)]), 'CONTENT_INVALID');
  });
});

test('encodes from other rates, at once and as a stream', async () => {
  const tokenizer = await openSoundTokenizer(fakePort());
  const content: SoundContent = { modality: 'audio', rate: 3000, samples: new Float32Array(300).fill(0.5) };
  const { ids } = await tokenizer.encode(content);
  expect(ids.length).toBe(50);
  const streamed = await drain(tokenizer.encodeStream(iterate([content.samples]), { rate: 3000 }));
  expect(streamed.flatMap((some) => [...some])).toEqual([...ids]);
  await expectCode(
    () => drain(tokenizer.encodeStream(iterate([content.samples]), { rate: 0 })),
    'CONTENT_INVALID',
  );
});

test('a codec that fills up the last frame itself gets it as it is', async () => {
  const raw = { ...rawOptions, encode: { ...rawOptions.encode, partial: true } };
  const tokenizer = await openSoundTokenizer(fakePort(raw));
  const samples = Float32Array.of(...soundOf([4]).samples, 0.5); // zeros would make the second frame's level 1
  expect([...(await tokenizer.encode({ modality: 'audio', rate, samples })).ids]).toEqual([12, 36, 13, 37]);
});

test('is a line, and says how many ids a second has', async () => {
  const tokenizer = await openSoundTokenizer(fakePort());
  expect(tokenizer).toMatchObject({ rate, idsPerSecond: 500, size: 40 });
  expect([tokenizer, fakeTokenizer('audio')].map(isSoundTokenizer)).toEqual([true, false]);
  expect(tokenizer.layout.buckets).toBe(options.buckets);
  await expectCode(() => tokenizer.shape({ kind: 'grid', rows: 2, columns: 2 }), 'OPTION_INVALID');
});
