import {
  type Device,
  type LocalEngine,
  openBundle,
  openDevice,
  openLocalEngine,
  type Run,
} from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from './compile.ts';
import {
  type Fixture,
  largestDifference,
  openFixture,
  recordedRuns,
  temporaryDirectory,
} from './families/any-to-any/fixture.test.kit.ts';
import type { CompileOptions } from './options.ts';

/** A whole bundle, run by core's engine, against the logits that PyTorch gave for the same sequence. */

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let device: Device;
let fixture: Fixture;
let runs: readonly Run[];
beforeAll(async () => {
  temporary = await temporaryDirectory();
  device = await openDevice();
  fixture = await openFixture('all-on');
  runs = await recordedRuns(fixture);
});
afterAll(async () => {
  device.close();
  await temporary.remove();
});

async function openEngine(options: CompileOptions): Promise<LocalEngine> {
  const out = `${temporary.path}/bundle`;
  await compile(fixture.directory, out, options);
  return openLocalEngine(await openBundle(out), device);
}

/** The largest difference of any head's logits after every run. */
async function worst(engine: LocalEngine): Promise<number> {
  const cases = await fixture.open('cases');
  const sequence = engine.open();
  let largest = 0;
  let at = 0;
  for (const run of runs) {
    for (const head of ['marks', 'text', 'image']) {
      const before = at;
      const [result] = await engine.append([{ sequence, runs: [run], head }]);
      at = sequence.length;
      const expected = await cases.read(`logits.${head}`);
      const classes = result!.logits.length;
      largest = Math.max(
        largest,
        largestDifference(result!.logits, expected.subarray((at - 1) * classes, at * classes)),
      );
      if (head === 'image') break; // the next run goes on from here
      sequence.truncate(before);
      at = before;
    }
  }
  expect(at).toBe(42);
  sequence.dispose();
  await cases.close();
  return largest;
}

describe('the engine of core agrees with PyTorch', () => {
  test.each<[CompileOptions, number]>([
    [{}, 1e-5],
    [{ tables: 'f16' }, 1e-3],
    [{ kv: 'int8' }, 0.01],
    [{ quantize: 'int8', kv: 'int8' }, 0.03],
    [{ quantize: 'int4' }, 0.25],
  ])('%o: within %d', async (options, bound) => {
    const engine = await openEngine(options);
    const difference = await worst(engine);
    expect(difference).toBeLessThan(bound);
    await engine.close();
  });
});
