import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { enlarge, lanczosWeight } from './lanczos.ts';

test('the weight by hand', () => {
  expect([lanczosWeight(0), lanczosWeight(3), lanczosWeight(-4)]).toEqual([1, 0, 0]);
  expect(lanczosWeight(1)).toBeCloseTo(0, 12);
  // sin(π/2) sin(π/6) · 3 / (π/2)² = 1.5 / 2.4674
  expect(lanczosWeight(0.5)).toBeCloseTo(0.607927, 6);
  expect(lanczosWeight(-0.5)).toBe(lanczosWeight(0.5));
});

test.each([2, 4])('enlarges %s times as Pillow does', (scale) => {
  const golden = JSON.parse(readFileSync(new URL('../fixtures/lanczos.json', import.meta.url), 'utf8'));
  const grey = Float32Array.from(golden.window as number[]);
  const window = Float32Array.from([...grey, ...grey.map((value) => -value), ...grey]);
  const large = enlarge(window, 16, 3, scale);
  const side = 16 * scale;
  for (const [row, expected] of Object.entries(golden[`x${scale}`] as Record<string, number[]>)) {
    expected.forEach((value, column) => {
      expect(large[Number(row) * side + column]).toBeCloseTo(value, 4);
      expect(large[(side + Number(row)) * side + column]).toBeCloseTo(-value, 4); // the second channel
    });
  }
});

test('leaves a constant as it is', () => {
  const large = enlarge(new Float32Array(3 * 22 * 22).fill(0.3), 16, 3, 2);
  expect(Math.max(...large.map((value) => Math.abs(value - 0.3)))).toBeLessThan(1e-6);
});
