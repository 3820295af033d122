import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, openSafetensors } from '@any-to-any/compiler';
import {
  type Bundle,
  type Content,
  createPipeline,
  type Device,
  type Encoder,
  type Graph,
  openBundle,
  openDevice,
  openGraph,
  type Pipeline,
  type Port,
  type SoundContent,
} from '@any-to-any/core';
import { drain, encoderSuite, iterate, tokenizerSuite } from '@any-to-any/core/testing';
import {
  audioPlugin,
  openSoundEncoder,
  openSoundTokenizer,
  type SoundTokenizer,
} from '@any-to-any/tokenizer-audio';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The whole way of sound: a committed random checkpoint, compiled, and run by the plugin, against what PyTorch made. */
const checkpoint = new URL('../packages/compiler/fixtures/sound', import.meta.url).pathname;
const frames = 19;
const stride = 320;
const line = { kind: 'line' } as const;

let root: string;
let device: Device;
const graphs: Graph[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'any-to-any-sound-'));
  device = await openDevice({ threads: 1 });
  await cp(checkpoint, join(root, 'delayed-checkpoint'), { recursive: true });
  const config = join(root, 'delayed-checkpoint', 'config.json');
  const text = await readFile(config, 'utf8');
  await writeFile(
    config,
    text.replace('"kind": "sound-codec"', '"kind": "sound-codec", "arrangement": "delayed"'),
  );
  await compile(checkpoint, join(root, 'flattened'));
  await compile(join(root, 'delayed-checkpoint'), join(root, 'delayed'));
});
afterAll(async () => {
  for (const graph of graphs) graph.close();
  device.close();
  await rm(root, { recursive: true });
});

function portOf(bundle: Bundle, use: 'tokenizer' | 'encoder'): Port {
  const files: Port['files'] = {
    read: (path) => bundle.read(path),
    async graph(path) {
      const graph = await openGraph(device, bundle.path(path));
      graphs.push(graph);
      return graph;
    },
  };
  return { options: bundle.manifest.ports['audio']![use]!.options, files };
}

/** Opened once each. */
const opened = new Map<string, Promise<SoundTokenizer>>();
const openTokenizer = async (order: string): Promise<SoundTokenizer> =>
  openSoundTokenizer(portOf(await openBundle(join(root, order)), 'tokenizer'));

function open(order: string): Promise<SoundTokenizer> {
  const known = opened.get(order) ?? openTokenizer(order);
  opened.set(order, known);
  return known;
}

let encoder: Promise<Encoder<SoundContent>> | undefined;
function openEncoder(): Promise<Encoder<SoundContent>> {
  encoder ??= openBundle(join(root, 'flattened')).then((bundle) =>
    openSoundEncoder(portOf(bundle, 'encoder')),
  );
  return encoder;
}

async function recorded(name: string): Promise<Float32Array> {
  const reader = await openSafetensors(join(checkpoint, 'cases.safetensors'));
  const values = await reader.read(name);
  await reader.close();
  return values;
}
const sound = (samples: Float32Array): SoundContent => ({ modality: 'audio', rate: 16_000, samples });

function largestDifference(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i]! - value)), 0);
}

describe.each(['flattened', 'delayed'])('the codec, %s', (order) => {
  /** The codes PyTorch found, as ids in this order. */
  async function recordedIds(): Promise<number[]> {
    const codes = await recorded('codes');
    const steps = order === 'flattened' ? frames : frames + 2;
    return Array.from({ length: steps }, (_, step) =>
      [0, 1, 2].flatMap((book) => {
        const frame = order === 'flattened' ? step : step - book;
        return frame >= 0 && frame < frames ? [book * 23 + codes[book * frames + frame]!] : [];
      }),
    ).flat();
  }

  test('finds the codes PyTorch found', async () => {
    const tokenizer = await open(order);
    const { ids } = await tokenizer.encode(sound(await recorded('samples')));
    expect([...ids]).toEqual(await recordedIds());
    expect(ids.length).toBe(tokenizer.idsPerSecond * 0.38);
  });

  test.each([1, 159, 320, 321, 479, 481, 1281, 6079])(
    'finds them in pieces of %i samples',
    async (length) => {
      const tokenizer = await open(order);
      const samples = await recorded('samples');
      const pieces = Array.from({ length: Math.ceil(samples.length / length) }, (_, i) =>
        samples.slice(i * length, (i + 1) * length),
      );
      const ids = await drain(tokenizer.encodeStream(iterate(pieces), { rate: 16_000 }));
      expect(ids.flatMap((some) => [...some])).toEqual(await recordedIds());
    },
  );

  test('makes the samples PyTorch made, however the ids arrive', async () => {
    const tokenizer = await open(order);
    const expected = (await recorded('decoded')).map((sample) => Math.max(-1, Math.min(1, sample)));
    const ids = await recordedIds();
    /** Waits after every `pause`-th id. */
    const slow = async function* (pause: number) {
      for (const [index, id] of ids.entries()) {
        yield id;
        if (index % pause === 0) await new Promise((resolve) => setTimeout(resolve, 3));
      }
    };
    let first: Float32Array | undefined;
    for (const source of [iterate(ids), slow(1), slow(3), slow(7)]) {
      const { samples } = tokenizer.join(await drain(tokenizer.decode(source, { shape: line })));
      expect(largestDifference(samples, expected)).toBeLessThan(1e-4);
      first ??= samples;
      expect(samples).toEqual(first);
    }
  });

  test('the first samples come with the third frame at the latest', async () => {
    const tokenizer = await open(order);
    const ids = await recordedIds();
    let given = 0;
    const source = async function* () {
      for (const id of ids) {
        given += 1;
        yield id;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    for await (const delta of tokenizer.decode(source(), { shape: line })) {
      expect(delta.samples.length).toBeGreaterThan(0);
      break;
    }
    expect(given).toBeLessThanOrEqual(order === 'flattened' ? 9 : 12);
  });

  describe('the published suite', () => {
    const tone = Float32Array.from({ length: 2000 }, (_, n) => 0.3 * Math.sin(n / 9));
    const cases = tokenizerSuite({
      create: () => open(order),
      samples: [
        sound(tone),
        { ...sound(tone), rate: 22_050 },
        sound(tone.subarray(0, 1)),
        sound(tone.subarray(0, 640)),
      ],
      invalid: [sound(Float32Array.of(Number.NaN)), sound(new Float32Array())],
      // The weights are random, so only form survives. What codes and samples must be is checked above.
      same: (original: Content, decoded: Content) => {
        const [before, after] = [original as SoundContent, decoded as SoundContent]; // both of this modality
        const length = Math.ceil((before.samples.length / before.rate) * 16_000);
        return (
          after.samples.length === Math.ceil(length / stride) * stride && after.samples.every(Number.isFinite)
        );
      },
    });
    for (const { name, run } of cases) test(name, run);
  });
});

describe('the understanding encoder', () => {
  test('gives the embeddings PyTorch computed', async () => {
    const { embeddings, count } = await (await openEncoder()).encode(sound(await recorded('heard')));
    expect(count).toBe(5);
    expect(largestDifference(embeddings, await recorded('embeddings'))).toBeLessThan(1e-4);
  });

  describe('the published suite', () => {
    const cases = encoderSuite({
      create: openEncoder,
      samples: [
        sound(new Float32Array(1).fill(0.5)),
        sound(new Float32Array(9000)),
        { ...sound(new Float32Array(999)), rate: 8000 },
      ],
      invalid: [sound(new Float32Array(13 * 16_000)), sound(Float32Array.of(2))],
    });
    for (const { name, run } of cases) test(name, run);
  });
});

describe.each(['flattened', 'delayed'])('a pipeline, %s', (order) => {
  let pipeline: Pipeline;
  beforeAll(async () => {
    pipeline = await createPipeline({
      model: join(root, order),
      plugins: [textPlugin(), audioPlugin()],
      threads: 1,
    });
  });
  afterAll(() => pipeline.close());

  test('hears a sound and makes one, of whole frames', async () => {
    const heard = sound(Float32Array.from({ length: 4000 }, (_, n) => 0.3 * Math.sin(n / 7)));
    for (let seed = 0; seed < 4; seed++) {
      const answer = await pipeline.generate({
        content: ['abc', heard],
        to: ['audio'],
        seed,
        options: { audio: { maxIds: 60 } },
      });
      const [{ content, ids }] = answer.segments as unknown as [{ content: SoundContent; ids: Uint32Array }]; // one sound
      const { samples } = content;
      expect(samples.length).toBe(Math.floor(ids.length / 3) * stride);
      if (ids.length < 60) expect(ids.length % 3).toBe(0);
    }
  });
});
