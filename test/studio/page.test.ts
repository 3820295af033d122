/// <reference lib="dom" />
/** Studio with the default model in a real browser, as a reader uses it: words, pictures and sound in any order. */
import { readFile } from 'node:fs/promises';
import type { TextContent } from '@any-to-any/core';
import { encodeImageFile, readImage } from '@any-to-any/tokenizer-image';
import { describe, expect, it } from 'vitest';
import { browserPath, canvasOf } from './browser.test.kit.ts';
import { arrivals, ask, drop, ended, prompt, useStudio } from './studio.test.kit.ts';

describe.skipIf(!browserPath)('Studio in Chromium', { timeout: 300_000 }, () => {
  const bench = useStudio();
  const apple = (seed: number) => ({ content: [prompt], to: 'image', seed });

  it('draws patch by patch; the canvas and the saved file are what the library writes', async () => {
    const { width, height, data, patches } = await bench.library(apple(7));
    const page = await bench.visit();
    bench.gate.shut(60);
    await ask(page, prompt, 7);
    await arrivals(page, 4);
    // Some of it is there, and some is not yet.
    const half = await canvasOf(page);
    const drawn = half.data.filter((_, at) => at % 4 === 3 && half.data[at] === 255).length;
    expect(drawn).toBeGreaterThan(0);
    expect(drawn).toBeLessThan(width * height);
    expect(
      await page.locator('.answer progress').evaluate((bar: HTMLProgressElement) => bar.value),
    ).toBeLessThan(1);
    bench.gate.open();
    await ended(page);
    await arrivals(page, patches);
    const whole = await canvasOf(page);
    expect([whole.width, whole.height]).toEqual([width, height]);
    expect(Buffer.compare(whole.data, data)).toBe(0);
    expect(await page.locator('.figures').textContent()).toMatch(
      /first patch \d+ ms · .* tokens\/s · seed 7/,
    );
    expect(await page.locator('.timeline-box figcaption').textContent()).toMatch(
      new RegExp(`^16 patches, ${patches} arrivals, final in [\\d.]+ s`),
    );

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('[data-label=save]').click(),
    ]);
    expect(download.suggestedFilename()).toBe('picture.png');
    const saved = await readImage(await readFile(await download.path()));
    expect(Buffer.compare(saved.data, data)).toBe(0);
  });

  it('shows the noise that is left, and which patch a row of the timeline is', async () => {
    const page = await bench.visit();
    bench.gate.shut(60);
    await ask(page, prompt, 7);
    await arrivals(page, 4);
    await page.locator('[data-noise]').click();
    expect(Number(await page.locator('.noise span').first().textContent())).toBeGreaterThan(0.1);
    bench.gate.open();
    await ended(page);
    expect(await page.locator('.noise span').allTextContents()).toEqual(Array(16).fill('0'));
    await page.locator('.timeline').hover({ position: { x: 40, y: 9 } });
    const [spot, frame] = [
      await page.locator('.spot').boundingBox(),
      await page.locator('.frame').boundingBox(),
    ];
    expect([spot!.x, spot!.y]).toEqual([frame!.x, frame!.y]); // the first patch lies at the top left
    expect(spot!.width).toBeCloseTo(frame!.width / 4);
    await page.locator('textarea').hover();
    expect(await page.locator('.spot').isVisible()).toBe(false);
  });

  it('describes a picture that is dropped, as the library does', async () => {
    const page = await bench.visit();
    const file = await encodeImageFile(await bench.library(apple(1)), 'png');
    await drop(page, 'apple.png', 'image/png', file);
    await page.locator('.attachments img').waitFor();
    expect(await page.locator('.chip[aria-pressed=true]').textContent()).toBe('Text');
    await page.locator('.go').click();
    await ended(page);
    const request = { content: [await readImage(file)], to: 'text', seed: 0 };
    const { segments } = await bench.pipeline.generate(request);
    expect(await page.locator('.text-segment').textContent()).toBe(
      (segments[0]!.content as TextContent).text,
    );
  });

  it('makes a picture and speaks about it, in order, and draws from its own picture', async () => {
    const page = await bench.visit();
    await page.locator('.chip[data-modality=text]').click();
    await ask(page, 'a cat', 5);
    await ended(page);
    const kinds = page.locator('.segment');
    expect(await kinds.evaluateAll((all) => all.map((one) => one.getAttribute('data-modality')))).toEqual([
      'image',
      'text',
    ]);
    expect(await page.locator('.text-segment').textContent()).not.toBe('');
    await page.locator('[data-label=use]').click();
    await page.locator('.attachments img').waitFor();
    await page.locator('.chip[data-modality=image]').click();
    await page.locator('.go').click();
    await page.locator('.answer:nth-child(2)[data-state=done]').waitFor();
    expect(await page.locator('.answer:nth-child(2) .text-segment').textContent()).not.toBe('');
  });

  it('plays speech as it streams', async () => {
    const page = await bench.visit();
    await page.locator('.chip[data-modality=image]').click();
    await page.locator('.chip[data-modality=audio]').click();
    bench.gate.shut(40);
    await ask(page, 'a cat on a blue background', 1);
    await page.locator('.sound-segment[data-playing=true]').waitFor();
    expect(await page.locator('.answer').getAttribute('data-state')).toBe('running');
    bench.gate.open();
    await ended(page);
    const { segments } = await bench.pipeline.generate({
      content: ['a cat on a blue background'],
      to: 'audio',
      seed: 1,
    });
    const { samples } = segments[0]!.content as unknown as { samples: Float32Array };
    expect(await page.locator('.sound-segment').getAttribute('data-samples')).toBe(String(samples.length));
    await page.locator('.sound-segment[data-playing=false]').waitFor();
  });

  it('says in words what failed, and gives the prompt back', async () => {
    const page = await bench.visit();
    const long = 'word '.repeat(600).trim();
    await ask(page, long, 1);
    await ended(page, 'failed');
    const failure = page.getByRole('alert');
    expect(await failure.locator('strong').textContent()).toBe(
      'This is more than the model can read at once.',
    );
    expect(await failure.locator('p').textContent()).toMatch(/^CONTEXT_FULL/);
    expect(await page.locator('.segment').count()).toBe(0); // no frame without a picture
    expect(await page.locator('textarea').inputValue()).toBe(long);
    await page.locator('.language').click();
    expect(await failure.locator('strong').textContent()).toBe('모델이 한 번에 읽을 수 있는 양을 넘었어요.');
    await drop(page, 'broken.png', 'image/png', Uint8Array.of(137, 80, 78, 71));
    await page.locator('.attachments li').waitFor();
    await page.locator('textarea').fill('');
    await page.locator('.go').click();
    await ended(page, 'failed');
    expect(await page.locator('.answer:last-child .failure p').textContent()).toMatch(/^CONTENT_INVALID/);
    // The pipeline is as good as before.
    await ask(page, 'a cat', 1);
    await ended(page);
  });

  it('offers prompts to begin with, and what they become', async () => {
    const page = await bench.visit();
    const tries = page.locator('.try');
    expect(await tries.allTextContents()).toEqual([
      'a red apple on a blue background→ Picture',
      'three stars→ Picture + Text',
      'a cat→ Sound',
    ]);
    await tries.nth(1).click();
    await ended(page);
    expect(bench.asked.at(-1)).toMatchObject({ content: ['three stars'], to: ['image', 'text'] });
    expect(await page.locator('.picture-segment, .text-segment').count()).toBe(2);
  });
});
