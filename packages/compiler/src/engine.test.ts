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
  withGuide,
} from './families/any-to-any/fixture.test.kit.ts';
import type { CompileOptions } from './options.ts';

/** A whole bundle, run by core's engine, against the logits that PyTorch gave for the same sequence. */

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let device: Device;
beforeAll(async () => {
  temporary = await temporaryDirectory();
  device = await openDevice();
});
afterAll(async () => {
  device.close();
  await temporary.remove();
});

async function openEngine(fixture: Fixture, options: CompileOptions): Promise<LocalEngine> {
  const out = `${temporary.path}/bundle`;
  await compile(fixture.directory, out, options);
  return openLocalEngine(await openBundle(out), device);
}

/** The largest difference of any head's logits after every run. */
async function worst(engine: LocalEngine, fixture: Fixture, runs: readonly Run[]): Promise<number> {
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
    const fixture = await openFixture('all-on');
    const engine = await openEngine(fixture, options);
    const difference = await worst(engine, fixture, await recordedRuns(fixture));
    expect(difference).toBeLessThan(bound);
    await engine.close();
  });

  test('a picture drawn with a guide, at a scale between two rows: within 1e-5', async () => {
    const fixture = await openFixture('guide');
    const runs = await recordedRuns(fixture);
    const engine = await openEngine(fixture, {});
    expect(await worst(engine, fixture, withGuide(runs, 3))).toBeLessThan(1e-5);
    expect(await worst(engine, fixture, withGuide(runs, 2))).toBeGreaterThan(0.01);
    expect(await worst(engine, fixture, withGuide(runs, 1))).toBe(await worst(engine, fixture, runs));
    await engine.close();
  });

  test('a guide as 16-bit floats: within 1e-3', async () => {
    const fixture = await openFixture('guide');
    const engine = await openEngine(fixture, { tables: 'f16' });
    expect(await worst(engine, fixture, withGuide(await recordedRuns(fixture), 3))).toBeLessThan(1e-3);
    await engine.close();
  });

  test('rows of several scales step together and each gives what it gives alone', async () => {
    const fixture = await openFixture('guide');
    const engine = await openEngine(fixture, {});
    const recorded = (await recordedRuns(fixture)).slice(0, 11);
    const rows = [1, 2, 3, 4].map((scale) => withGuide(recorded, scale).slice(10));
    const requests = rows.map((runs) => ({ sequence: engine.open(), runs, head: 'image' }));
    const together = await engine.append(requests);
    for (const [at, { logits }] of together.entries()) {
      const [alone] = await engine.append([{ ...requests[at]!, sequence: engine.open() }]);
      expect(largestDifference(logits, alone!.logits)).toBeLessThan(1e-5);
    }
    expect(new Set(together.map(({ logits }) => `${logits}`)).size).toBe(4);
    await engine.close();
  });
});
