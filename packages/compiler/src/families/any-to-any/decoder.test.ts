import { join } from 'node:path';
import { type Device, openDevice } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saveModel } from '../../onnx/save.ts';
import type { Quantization } from '../../quantize/block.ts';
import { buildDecoder, type DecoderOptions, type DecoderPlan } from './decoder.ts';
import { planDecoder } from './family.ts';
import {
  type DecoderCase,
  largestDifference,
  openFixture,
  readCase,
  runSteps,
  temporaryDirectory,
} from './fixture.test.kit.ts';
import { type DecoderRunner, openRunner } from './run.ts';

let device: Device;
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
  device = await openDevice();
});
afterAll(async () => {
  device.close();
  await temporary.remove();
});

interface Opened {
  readonly plan: DecoderPlan;
  readonly runner: DecoderRunner;
  readonly recorded: DecoderCase;
}

async function openDecoder(name: string, options: DecoderOptions = {}): Promise<Opened> {
  const fixture = await openFixture(name);
  const plan = planDecoder(fixture.config);
  const ledger = await fixture.ledger('decoder');
  const path = join(temporary.path, `${name}.onnx`);
  await saveModel(buildDecoder(plan, ledger.weights, options), path);
  await ledger.close();
  const kv = options.kvScales === undefined ? 'float32' : 'int8';
  return { plan, runner: await openRunner(device, path, plan, kv), recorded: await readCase(fixture, plan) };
}

const cases = [
  'all-off',
  'all-on',
  'buckets',
  'type-embedding',
  'lora',
  'head-scale',
  'gated-residual',
  'no-qk-norm',
  'grouped-heads',
];

/** Lengths of the steps in which the 42 recorded positions are run. */
const ways: readonly (readonly [string, readonly number[]])[] = [
  ['at once', [42]],
  ['in chunks', [10, 20, 12]],
  ['one by one', new Array<number>(42).fill(1)],
  ['mixed', [1, 37, 1, 3]],
];

describe.each(cases)('%s agrees with PyTorch', (name) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await openDecoder(name);
  });
  afterAll(() => opened.runner.close());

  test.each(ways)('%s', async (_, steps) => {
    const { plan, runner, recorded } = opened;
    runner.truncate(0);
    const hidden = await runSteps(runner, plan, recorded, steps);
    expect(largestDifference(hidden, recorded.hidden)).toBeLessThan(1e-5);
  });
});

test('going back to an earlier length and on again changes nothing', async () => {
  const { plan, runner, recorded } = await openDecoder('all-on');
  await runSteps(runner, plan, recorded, [30]);
  const wrong = { ...recorded, embeds: recorded.embeds.map((value) => -value) };
  await runSteps(runner, plan, wrong, [8]); // rows 30 … 37 of the cache now hold other keys
  runner.truncate(0);
  await runSteps(runner, plan, recorded, [42]);
  runner.truncate(20);
  const { width, context } = plan;
  const rest = {
    embeds: recorded.embeds.subarray(20 * width),
    modality: recorded.modality.subarray(20),
    buckets: recorded.buckets.subarray(20 * context),
  };
  const hidden = await runner.append(rest);
  expect(largestDifference(hidden, recorded.hidden.subarray(20 * width))).toBeLessThan(1e-5);
  runner.close();
});

describe('two sequences in one step', () => {
  test('each gets its own answer', async () => {
    const { plan, runner, recorded } = await openDecoder('all-on');
    const { width, context, kvHeads, headWidth, layers } = plan;
    runner.close();
    const session = await device.openSession(join(temporary.path, 'all-on.onnx'));
    const cache = {
      data: new Float32Array(2 * kvHeads * context * headWidth),
      dims: [2, kvHeads, context, headWidth],
    };
    const past = Object.fromEntries(
      Array.from({ length: layers }, (_, l) => [`key_${l}`, `value_${l}`])
        .flat()
        .map((name) => [`past_${name}`, cache]),
    );
    const twice = <T extends Float32Array | Int32Array>(data: T): T => {
      const both = data.constructor as new (length: number) => T; // an array of the same class
      const result = new both(data.length * 2);
      result.set(data);
      result.set(data, data.length);
      return result;
    };
    const { hidden } = await session.evaluate({
      embeds: { data: twice(recorded.embeds.subarray(0, width)), dims: [2, 1, width] },
      positions: { data: new BigInt64Array(2), dims: [2, 1] },
      last: { data: new Int32Array(2), dims: [2] },
      capacity: { data: Int32Array.of(context), dims: [] },
      modality: { data: twice(recorded.modality.subarray(0, 1)), dims: [2, 1] },
      buckets: { data: twice(recorded.buckets.subarray(0, context)), dims: [2, 1, context] },
      ...past,
    });
    const expected = twice(recorded.hidden.subarray(0, width));
    expect(largestDifference(hidden!.data as Float32Array, expected)).toBeLessThan(1e-5); // the graph says float32
    session.close();
  });
});

const quantizations: readonly (readonly [Quantization, number])[] = [
  [{ bits: 8, block: 32 }, 0.04],
  [{ bits: 8, block: 128 }, 0.04],
  [{ bits: 4, block: 32 }, 0.35],
  [{ bits: 4, block: 128 }, 0.6],
];

describe('quantised weights of random, so worst-case, matrices', () => {
  test.each(quantizations)('%o lose at most %d of the largest value', async (quantization, bound) => {
    const { plan, runner, recorded } = await openDecoder('all-on', { quantization });
    const hidden = await runSteps(runner, plan, recorded, [30, ...new Array<number>(12).fill(1)]);
    const loss = largestDifference(hidden, recorded.hidden);
    expect(loss).toBeLessThan(bound);
    expect(loss).toBeGreaterThan(1e-5); // it was quantised
    runner.close();
  });
});

test('an int8 cache with measured scales loses little', async () => {
  const { plan, runner, recorded } = await openDecoder('grouped-heads');
  await runSteps(runner, plan, recorded, [42]);
  const { layers, kvHeads, headWidth, context } = plan;
  const scales = (layer: number, part: 'key' | 'value') => {
    const cache = runner.cache(layer, part);
    return Float32Array.from({ length: kvHeads * headWidth }, (_, i) => {
      const rows = Array.from({ length: 42 }, (_, row) => {
        const head = Math.floor(i / headWidth);
        return Math.abs(cache[(head * context + row) * headWidth + (i % headWidth)]!);
      });
      return Math.max(...rows) / 127;
    });
  };
  const kvScales = Array.from({ length: layers }, (_, l) => ({
    key: scales(l, 'key'),
    value: scales(l, 'value'),
  }));
  runner.close();
  const quantized = await openDecoder('grouped-heads', { kvScales });
  const hidden = await runSteps(quantized.runner, plan, recorded, [20, ...new Array<number>(22).fill(1)]);
  const loss = largestDifference(hidden, recorded.hidden);
  expect(loss).toBeLessThan(0.02);
  expect(loss).toBeGreaterThan(1e-5);
  expect(Math.max(...quantized.runner.cache(0, 'key').map(Math.abs))).toBe(127);
  quantized.runner.close();
});
