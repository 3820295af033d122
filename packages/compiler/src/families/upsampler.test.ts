import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Device, openDevice } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { largestDifference, temporaryDirectory } from './any-to-any/fixture.test.kit.ts';
import {
  type OpenUpsampler,
  openUpsampler,
  readCases,
  somePicture,
  swinFixtures,
} from './upsampler.test.kit.ts';

let device: Device;
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
  device = await openDevice({ threads: 1 });
});
afterAll(async () => {
  device.close();
  await temporary.remove();
});

async function open(name: string): Promise<OpenUpsampler> {
  const out = join(temporary.path, name);
  await mkdir(join(out, '..'), { recursive: true });
  return openUpsampler(device, join(swinFixtures, name), out);
}

const names = (
  await Promise.all(
    ['swinir', 'swin2sr'].map(async (family) =>
      (
        await readdir(join(swinFixtures, family))
      )
        .filter((name) => !name.includes('.'))
        .map((name) => `${family}/${name}`),
    ),
  )
).flat();

test('every kind of end has a fixture', () => {
  expect(names.length).toBe(12);
});

test.each(names)('%s agrees with the reference, whatever the size', async (name) => {
  const upsampler = await open(name);
  for (const { image, large } of await readCases(join(swinFixtures, name))) {
    const made = await upsampler.enlarge(image);
    expect(made.dims).toEqual(large.dims);
    expect(largestDifference(made.data, large.data), `${image.dims}`).toBeLessThan(1e-4);
  }
  upsampler.close();
});

describe('how far a network sees', () => {
  // One block, ×8: the end sees 3 px to the left of pixel 0, two convolutions make that 5; they lie in the window
  // that begins 8 px to the left, and the first convolution adds one.
  test('by hand: 9 px', async () => {
    const upsampler = await open('swinir/classical-x8');
    expect(upsampler.options['reach']).toBe(9);
    upsampler.close();
  });

  test.each(names)('%s: what the manifest says, and no further', async (name) => {
    const upsampler = await open(name);
    const { reach, scale, window } = upsampler.options as Record<'reach' | 'scale' | 'window', number>; // of these families
    const side = Math.ceil((2 * reach + window) / window) * window;
    const before = somePicture(side, side);
    const expected = await upsampler.enlarge(before);
    let seen = 0;
    // One pixel at every place of a window is another one: how far from it does the result change?
    for (let place = 0; place < window; place++) {
      const at = Math.floor(side / 2 / window) * window + place;
      const data = before.data.slice();
      for (let channel = 0; channel < 3; channel++) data[(channel * side + at) * side + at]! += 0.5;
      const { data: after } = await upsampler.enlarge({ ...before, data });
      const wide = scale * side;
      for (let i = 0; i < after.length; i++) {
        if (Math.abs(after[i]! - expected.data[i]!) < 1e-7) continue;
        const [y, x] = [Math.floor(i / wide) % wide, i % wide].map((each) => Math.floor(each / scale));
        seen = Math.max(seen, Math.abs(y! - at), Math.abs(x! - at));
      }
    }
    expect(seen).toBeLessThanOrEqual(reach);
    expect(seen).toBeGreaterThan(reach - window); // not said too large either
    upsampler.close();
  });
});
