import { describe, expect, test } from 'vitest';
import { options } from './fixtures.test.kit.ts';
import { readOptions } from './options.ts';
import { upsampler } from './upsampler/fixtures.test.kit.ts';

const raw = { ...options };

test('takes what the compiler writes', () => {
  expect(readOptions(raw)).toEqual(options);
  const karras = { kind: 'karras', from: 0.5, to: 0.02, steps: 4, rho: 7 };
  const all = { ...raw, schedule: karras, delay: 0.5, previews: 0, stop: 2, inFlight: 3, scale: 4 };
  expect(readOptions(all)).toEqual(all);
  for (const scale of [1, 2, 4]) {
    expect(readOptions({ kind: 'lanczos', scale })).toEqual({ kind: 'lanczos', scale });
  }
  expect(readOptions({ ...upsampler })).toEqual(upsampler);
  const { tile: _, overlap: __, ...bare } = upsampler;
  expect(readOptions(bare)).toEqual(bare);
  expect(readOptions({ ...raw, upsampler })).toEqual({ ...options, upsampler });
});

describe('refuses', () => {
  const schedule = options.schedule;
  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      'another kind',
      { ...raw, kind: 'swinir' },
      /OPTION_INVALID.*"kind" must be "patches", "lanczos" or "upsampler"/,
    ],
    ['an unknown option', { ...raw, seams: 1 }, /OPTION_UNKNOWN.*"seams"/],
    ['a scale of 3', { ...raw, scale: 3 }, /OPTION_INVALID.*"scale" must be 1 or 2 or 4/],
    ['Lanczos of no size', { kind: 'lanczos' }, /OPTION_INVALID.*"scale"/],
    ['Lanczos with steps', { kind: 'lanczos', scale: 2, stop: 1 }, /OPTION_UNKNOWN.*"stop"/],
    ['no graph', { ...raw, graph: '' }, /OPTION_INVALID.*"graph"/],
    ['ids that do not fit a patch', { ...raw, factor: 5 }, /OPTION_INVALID.*"factor" must be a divisor/],
    ['a halo below 0', { ...raw, halo: -1 }, /OPTION_INVALID.*"halo"/],
    ['no schedule', { ...raw, schedule: undefined }, /OPTION_INVALID.*"schedule"/],
    [
      'noise that rises',
      { ...raw, schedule: { ...schedule, to: 0.6 } },
      /OPTION_INVALID.*"to" must be at most/,
    ],
    [
      'noise of 0',
      { ...raw, schedule: { ...schedule, to: 0 } },
      /OPTION_INVALID.*"to" must be a number above 0/,
    ],
    ['half a step', { ...raw, schedule: { ...schedule, steps: 1.5 } }, /OPTION_INVALID.*"steps"/],
    ['rho where there is none', { ...raw, schedule: { ...schedule, rho: 7 } }, /OPTION_UNKNOWN.*"rho"/],
    [
      'a schedule of another kind',
      { ...raw, schedule: { ...schedule, kind: 'cosine' } },
      /OPTION_INVALID.*"kind"/,
    ],
    ['a delay that is no number', { ...raw, delay: Number.NaN }, /OPTION_INVALID.*"delay"/],
    ['an upsampler that shrinks', { ...upsampler, scale: 0 }, /OPTION_INVALID.*"scale"/],
    ['half a scale', { ...upsampler, scale: 1.5 }, /OPTION_INVALID.*"scale"/],
    [
      'tiles that are no whole windows',
      { ...upsampler, tile: 10 },
      /OPTION_INVALID.*"tile" must be a multiple of 4/,
    ],
    [
      'overlaps that are none',
      { ...upsampler, overlap: 3 },
      /OPTION_INVALID.*"overlap" must be a multiple of 4/,
    ],
    ['tiles of nothing', { ...upsampler, tile: 0 }, /OPTION_INVALID.*"tile"/],
    ['an upsampler with steps', { ...upsampler, stop: 1 }, /OPTION_UNKNOWN.*"stop"/],
    [
      'an upsampler that is none',
      { ...raw, upsampler: 'swinir' },
      /OPTION_INVALID.*"upsampler" must be an object/,
    ],
    [
      'another adapter as upsampler',
      { ...raw, upsampler: { ...upsampler, kind: 'lanczos' } },
      /"kind" must be "upsampler"/,
    ],
    ['calls without patches', { ...raw, inFlight: 0 }, /OPTION_INVALID.*"inFlight"/],
  ])('%s', (_, wrong, message) => {
    expect(() => readOptions(wrong)).toThrow(message);
  });
});
