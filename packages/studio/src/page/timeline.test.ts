import type { ImageDelta } from '@any-to-any/core';
import { expect, it } from 'vitest';
import { createTimeline } from './timeline.ts';

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
  expect([timeline.patches, timeline.first, timeline.last]).toEqual([0, undefined, 0]);
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
  expect([timeline.patches, timeline.first, timeline.last, timeline.final]).toEqual([2, 10, 45, true]);
});
