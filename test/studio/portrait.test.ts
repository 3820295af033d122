/**
 * The picture of the page in the README: half drawn, taken anew with `UPDATE=1 npx vitest run test/studio/portrait`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readImage } from '@any-to-any/tokenizer-image';
import { describe, expect, it } from 'vitest';
import { root } from '../source.ts';
import { browserPath } from './browser.test.kit.ts';
import { arrivals, ask, prompt, useStudio } from './studio.test.kit.ts';

const file = join(root, 'packages/studio/page.png');
/** CSS pixels, and how many of the picture's there are for each. */
const viewport = { width: 960, height: 800 };
const deviceScaleFactor = 1.5;

it('is small, and of the size that is taken', async () => {
  const bytes = await readFile(file);
  expect(bytes.length).toBeLessThan(150_000);
  const { width, height } = await readImage(bytes);
  expect([width, height]).toEqual([viewport.width * deviceScaleFactor, viewport.height * deviceScaleFactor]);
});

describe.skipIf(!browserPath || !process.env['UPDATE'])('the portrait', { timeout: 300_000 }, () => {
  const bench = useStudio();

  it('is taken', async () => {
    const page = await bench.visit({
      viewport,
      deviceScaleFactor,
      colorScheme: 'light',
      reducedMotion: 'reduce',
    });
    bench.gate.shut(66);
    await ask(page, prompt, 8);
    await arrivals(page, 11);
    await page.locator('[data-label=settings]').click();
    await page.mouse.move(0, 0);
    await page.locator('textarea').focus();
    await writeFile(file, await page.screenshot());
  });
});
