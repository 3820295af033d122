import type { ImageDelta } from '@any-to-any/core';
import { expect, it } from 'vitest';
import { createTimeline, ticksOf } from './timeline.ts';

/** Of 2 × 2 in a picture of 4 × 2, at `scale`. */
const patch = (x: number, revision: number, sigma: number, scale = 1): ImageDelta => ({
  modality: 'image',
  width: 4 * scale,
  height: 2 * scale,
  rectangle: { x: x * scale, y: 0, width: 2 * scale, height: 2 * scale },
  data: new Uint8Array(16 * scale * scale),
  revision,
  sigma,
});

it('numbers places as they appear, at whatever size, and knows when all are final', () => {
  const timeline = createTimeline();
  expect([timeline.places.length, timeline.first, timeline.last]).toEqual([0, undefined, 0]);
  timeline.add(patch(2, 0, 0.5), 10);
  timeline.add(patch(0, 0, 0.5), 20);
  timeline.add(patch(2, 1, 0, 2), 30); // the same place of the enlarged picture
  expect(timeline.final).toBe(false);
  timeline.add(patch(0, 1, 0), 45);
  expect(timeline.arrivals.map(({ patch, revision, time }) => [patch, revision, time])).toEqual([
    [0, 0, 10],
    [1, 0, 20],
    [0, 1, 30],
    [1, 1, 45],
  ]);
  expect([timeline.places.length, timeline.first, timeline.last]).toEqual([2, 10, 45]);
  expect([timeline.noisiest, timeline.final]).toEqual([0.5, true]);
  expect(timeline.places[0]).toEqual({ left: 0.5, top: 0, width: 0.5, height: 1 });
});

it('counts the quarters of an enlarged patch to its place, which is final once they all are', () => {
  const timeline = createTimeline();
  timeline.add(patch(0, 0, 0.5), 1);
  timeline.add(patch(0, 1, 0.02, 2), 2);
  const quarters = [0, 4].flatMap((y) => [0, 4].map((x) => ({ x, y, width: 4, height: 4 })));
  for (const [index, rectangle] of quarters.entries()) {
    expect(timeline.final).toBe(false);
    const quarter = { ...patch(0, 2 + index, 0, 4), rectangle, data: new Uint8Array(64) };
    expect(timeline.add(quarter, 3 + index).patch).toBe(0);
  }
  expect([timeline.places.length, timeline.final]).toEqual([1, true]);
  timeline.add({ ...patch(0, 9, 0.1, 4), rectangle: quarters[0]!, data: new Uint8Array(64) }, 9);
  expect(timeline.final).toBe(false);
});

it('marks round times, six at most', () => {
  expect(ticksOf(0)).toEqual([0]);
  expect(ticksOf(3016)).toEqual([0, 1000, 2000, 3000]);
  expect(ticksOf(95)).toEqual([0, 20, 40, 60, 80]);
  expect(ticksOf(410)).toEqual([0, 100, 200, 300, 400]);
  for (let last = 1; last < 100_000; last = Math.ceil(last * 1.3)) {
    expect(ticksOf(last).length).toBeGreaterThan(1);
    expect(ticksOf(last).length).toBeLessThanOrEqual(6);
  }
});
