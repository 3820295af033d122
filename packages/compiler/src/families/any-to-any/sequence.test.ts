import { createTokenSpace } from '@any-to-any/core';
import { describe, expect, test } from 'vitest';
import { planDecoder } from './family.ts';
import { openFixture, readCase, recordedRuns } from './fixture.test.kit.ts';
import { describeSpace } from './manifest.ts';
import { placeRuns } from './sequence.ts';
import { randomPicture, randomSequences, sequenceCount, xorshift } from './sequences.ts';

async function open() {
  const fixture = await openFixture('all-on');
  const { config } = fixture;
  const plan = planDecoder(config);
  const reader = await fixture.open('decoder');
  const tables = new Map<string, Float32Array>();
  for (const port of ['marks', 'text', 'image'])
    tables.set(port, await reader.read(`ports.${port}.embedding`));
  await reader.close();
  return { fixture, config, plan, ports: { plan, space: createTokenSpace(describeSpace(config)), tables } };
}

test('runs become the inputs that PyTorch recorded', async () => {
  const { fixture, plan, ports } = await open();
  const placed = placeRuns(await recordedRuns(fixture), ports);
  const recorded = await readCase(fixture, plan);
  expect(placed.modality).toEqual(recorded.modality);
  expect(placed.embeds).toEqual(recorded.embeds);
  // PyTorch fills the whole square; what lies ahead of a position is masked and never looked at.
  const differing = placed.buckets.filter((bucket, i) => {
    const causal = i % plan.context <= Math.floor(i / plan.context);
    return bucket !== (causal ? recorded.buckets[i] : 0);
  });
  expect(differing).toHaveLength(0);
  expect(new Set(placed.buckets).size).toBeGreaterThan(20);
});

describe('random sequences', () => {
  test('fit the context, hold every modality and a picture, and repeat with the seed', async () => {
    const { config, plan, ports } = await open();
    const pictures = Array.from({ length: sequenceCount }, (_, i) =>
      new Float32Array(16 * plan.width).fill(i),
    );
    const make = (seed: number) => randomSequences(config, new Map([['image', pictures]]), xorshift(seed));
    const sequences = make(1);
    expect(sequences).toHaveLength(sequenceCount);
    sequences.forEach((runs, i) => {
      expect(placeRuns(runs, ports).modality.length).toBeLessThanOrEqual(plan.context);
      expect(new Set(runs.map((run) => run.port))).toEqual(new Set(['marks', 'text', 'image']));
      const shown = runs.filter((run) => 'embeddings' in run);
      expect(shown.map((run) => 'embeddings' in run && run.embeddings)).toEqual([pictures[i]]);
    });
    expect(JSON.stringify(make(1))).toBe(JSON.stringify(sequences));
    expect(JSON.stringify(make(2))).not.toBe(JSON.stringify(sequences));
  });

  test('a picture has several colours in −1…1', () => {
    const picture = randomPicture(16, xorshift(7));
    expect(picture).toHaveLength(3 * 16 * 16);
    expect(new Set(picture).size).toBeGreaterThan(4);
    expect(picture.every((value) => value >= -1 && value < 1)).toBe(true);
  });
});
