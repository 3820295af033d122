/**
 * Steps and enlarging on the page, with a patch stage that needs no training: revisions come later for the same patch,
 * the canvas grows, and what is set on the page is what reaches the pipeline.
 */
import type { ModalityOptions } from '@any-to-any/core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { browserPath, canvasOf } from './browser.test.kit.ts';
import { lanczosPlugins, stagePlugins, usualSteps } from './stage.test.kit.ts';
import { arrivals, ask, ended, prompt, setting, useStudio } from './studio.test.kit.ts';

describe.skipIf(!browserPath)('refining in Chromium', { timeout: 300_000 }, () => {
  const bench = useStudio({ plugins: stagePlugins() });

  async function expectDrawn(page: Page, image: ModalityOptions): Promise<void> {
    await ended(page);
    const sent = { content: [prompt], to: ['image'], seed: 7 };
    expect(bench.asked.at(-1)).toMatchObject(sent);
    expect(bench.asked.at(-1)!.options?.['image'] ?? {}).toEqual(image);
    const { width, height, data, patches } = await bench.library({ ...sent, options: { image } });
    await arrivals(page, patches);
    const drawn = await canvasOf(page);
    expect([drawn.width, drawn.height]).toEqual([width, height]);
    expect(Buffer.compare(drawn.data, data)).toBe(0);
    const said = await page.locator('.answer:last-child figcaption').textContent();
    expect(said).toMatch(new RegExp(`^16 patches, ${patches} arrivals, final in`));
  }

  it('shows what the adapter offers, the usual chosen', async () => {
    const page = await bench.visit();
    expect(await (await setting(page, 'steps')).getAttribute('placeholder')).toBe(String(usualSteps));
    const upscale = await setting(page, 'upscale');
    expect(await upscale.locator('option').allTextContents()).toEqual(['1×', '2×', '4×']);
    expect(await upscale.locator('option:checked').textContent()).toBe('2×');
  });

  it('draws every revision where its patch lies, with less noise each time', async () => {
    const page = await bench.visit();
    bench.gate.shut(60);
    await ask(page, prompt, 7);
    await arrivals(page, 12);
    await page.locator('[data-noise]').click();
    await page.locator('.noise').getByText('0.16').first().waitFor(); // a draft, one step sharper
    bench.gate.open();
    await expectDrawn(page, {});
    expect(await page.locator('.noise span').allTextContents()).toEqual(Array(16).fill('0'));
    const titles = await page.locator('.timeline circle title').allTextContents();
    expect(titles.filter((title) => title.includes('σ 0.05')).length).toBeGreaterThan(0);
    expect(titles.filter((title) => title.includes('(final)')).length).toBe(16);
    expect(await page.locator('.timeline .wait').count()).toBe(titles.length - 16);
  });

  it('enlarges four times: the canvas grows, and every patch with it', async () => {
    const page = await bench.visit();
    await (await setting(page, 'upscale')).selectOption('4×');
    await ask(page, prompt, 7);
    await expectDrawn(page, { upscale: 4 });
    expect((await canvasOf(page)).width).toBe(256);
    await page.locator('[data-noise]').click();
    expect(await page.locator('.noise span').allTextContents()).toEqual(Array(16).fill('0'));
  });

  it('takes as many steps as are set, and none where refining is off', async () => {
    const page = await bench.visit();
    await (await setting(page, 'steps')).fill('2');
    await (await setting(page, 'upscale')).selectOption('1×');
    await (await setting(page, 'guidance')).fill('2');
    await ask(page, prompt, 7);
    await expectDrawn(page, { steps: 2, upscale: 1, guidance: 2 });
    await (await setting(page, 'guidance')).fill('');
    await (await setting(page, 'refine')).selectOption('off');
    expect(await (await setting(page, 'steps')).isDisabled()).toBe(true);
    await ask(page, prompt, 7);
    await expectDrawn(page, { refine: false });
  });
});

describe.skipIf(!browserPath)('enlarging without a patch stage', { timeout: 300_000 }, () => {
  const bench = useStudio({ plugins: lanczosPlugins() });

  it('is Lanczos, where a request asks for it', async () => {
    const page = await bench.visit();
    const upscale = await setting(page, 'upscale');
    expect(await upscale.locator('option:checked').textContent()).toBe('1×');
    expect(await page.locator('#setting-steps, #setting-refine').count()).toBe(0);
    await upscale.selectOption('4×');
    await ask(page, prompt, 7);
    await ended(page);
    const { data } = await bench.library({
      content: [prompt],
      to: 'image',
      seed: 7,
      options: { image: { upscale: 4 } },
    });
    const drawn = await canvasOf(page);
    expect([drawn.width, Buffer.compare(drawn.data, data)]).toEqual([256, 0]);
  });
});
