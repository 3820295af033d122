import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnyToAnyError, type Port } from '@any-to-any/core';
import { drain, encoderSuite, expectCode, iterate, tokenizerSuite } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import { makeStream } from './gestures.ts';
import {
  fromLevel,
  type MotionContent,
  motion,
  motionTokenizer,
  openMotionEncoder,
  toLevel,
} from './sensor-plugin.ts';

const model = join(import.meta.dirname, 'sensor-model');

/** What the host hands in, of the bundle that is beside this file. */
const port = (options: Port['options'] = { width: 64, weights: 'motion-encoder.bin' }): Port => ({
  options,
  files: {
    read: (path) => readFile(join(model, path)),
    graph: () => Promise.reject(new Error('motion has no graph')),
  },
});

const line = { kind: 'line' } as const;
const samples = [makeStream(3).motion, motion(Float32Array.of(0, 0, 1))];
const invalid: MotionContent[] = [
  motion(new Float32Array()),
  motion(new Float32Array(4)),
  motion(new Float32Array(3 * 513)),
  motion(Float32Array.of(0, Number.NaN, 1)),
  { ...samples[1]!, rate: 100 },
  { ...samples[1]!, channels: 1 },
];

/** Half a level: half of 2/126 of the curve, whose slope is ln 256 · (|g| + 8/255); 4.5 % of the value, 1.4 mg at 0. */
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 0.0451 * (Math.abs(a) + 8 / 255);

describe('the motion tokenizer', () => {
  const suite = tokenizerSuite({
    create: async () => motionTokenizer(),
    samples,
    invalid,
    same(original, decoded) {
      const [a, b] = [original as MotionContent, decoded as MotionContent]; // the suite knows any content
      return a.data.length === b.data.length && a.data.every((value, i) => near(value, b.data[i]!));
    },
  });
  for (const { name, run } of suite) test(name, run);

  test('by hand: nothing is the middle level, 8 g and more the last', async () => {
    expect([0, 8, 100, -8, -9].map(toLevel)).toEqual([63, 126, 126, 0, 0]);
    // 8 / 255 · (256^½ − 1) = 0.4706 g lies half way up the curve, between 94 and 95.
    expect([0.46, 0.48].map(toLevel)).toEqual([94, 95]);
    const { ids } = await motionTokenizer().encode(motion(Float32Array.of(0, 8, -8)));
    expect([...ids]).toEqual([63, 126, 0]);
  });

  test('streams whole steps, and waits for what is missing of one', async () => {
    const { decode, shape } = motionTokenizer();
    const deltas = await drain(decode(iterate([63, 126, 0, 63, 63, 63, 63]), { shape: shape() }));
    expect(deltas.map(({ content }) => [...content.data])).toEqual([
      [0, 8, -8],
      [0, 0, 0],
    ]);
  });

  test('has a bucket per distance up to 32, and one for all beyond', () => {
    const { bucket } = motionTokenizer().layout;
    expect([bucket(0, 0, line), bucket(7, 4, line), bucket(33, 1, line), bucket(400, 1, line)]).toEqual([
      0, 3, 32, 32,
    ]);
  });

  test('every level comes back as itself', () => {
    for (let level = 0; level < 127; level++) expect(toLevel(fromLevel(level))).toBe(level);
  });
});

describe('the motion encoder', () => {
  for (const { name, run } of encoderSuite({ create: () => openMotionEncoder(port()), samples, invalid }))
    test(name, run);

  test('gives an embedding for every four steps', async () => {
    const { count, shape } = await (await openMotionEncoder(port())).encode(motion(new Float32Array(3 * 9)));
    expect([count, shape]).toEqual([3, { kind: 'line' }]);
  });

  test('refuses options and weights of another model', async () => {
    await expectCode(() => openMotionEncoder(port({})), 'OPTION_INVALID');
    await expectCode(() => openMotionEncoder(port({ wide: 64 })), 'OPTION_UNKNOWN');
    const wider = { width: 128, weights: 'motion-encoder.bin' };
    await expectCode(() => openMotionEncoder(port(wider)), 'BUNDLE_INVALID');
  });
});

test('refuses a shape', () => {
  const shape = { kind: 'grid', rows: 1, columns: 3 } as const;
  expect(() => motionTokenizer().shape(shape)).toThrow(AnyToAnyError);
});
