import { expect, test } from 'vitest';
import { levelsBetween, stepTowards } from './step.ts';

test('goes towards the prediction by as much as the noise falls', () => {
  const [state, sharp] = [Float32Array.of(1, -1), Float32Array.of(0, -0.5)];
  expect([...stepTowards(state, sharp, 0.5, 0.25)]).toEqual([0.5, -0.75]);
  expect([...stepTowards(state, sharp, 0.5, 0)]).toEqual([0, -0.5]);
  expect([...stepTowards(state, sharp, 0, 0)]).toEqual([0, -0.5]);
});

test('counts levels of 8 bits', () => {
  expect(levelsBetween(Float32Array.of(0, -1, 1), Float32Array.of(0, -1 + 2 / 255, 1))).toBeCloseTo(1, 4);
  expect(levelsBetween(Float32Array.of(-1), Float32Array.of(1))).toBe(255);
});
