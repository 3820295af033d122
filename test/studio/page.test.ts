/** Studio with the default model in a real browser, as a reader uses it. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plugins } from '@any-to-any/cli';
import {
  type Content,
  createPipeline,
  type ImageContent,
  locateBundle,
  type Manifest,
  type Pipeline,
  type TextContent,
} from '@any-to-any/core';
import { type Studio, startStudio } from '@any-to-any/studio';
import { encodeImageFile, readImage } from '@any-to-any/tokenizer-image';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { browserPath, buildPage, canvasOf, launch, type Opened, open, paced } from './browser.test.kit.ts';

const model = locateBundle('@any-to-any/model-emoji', import.meta.url);
const manifest = JSON.parse(readFileSync(join(model, 'manifest.json'), 'utf8')) as Manifest;
const speaks = manifest.ports['audio']?.head !== undefined;
const prompt = 'a red apple on a blue background';

describe.skipIf(!browserPath)('Studio in Chromium', { timeout: 300_000 }, () => {
  const pace = { delay: 0 };
  let built: ReturnType<typeof buildPage>;
  let pipeline: Pipeline;
  let studio: Studio;
  let browser: Browser;
  beforeAll(async () => {
    built = buildPage();
    pipeline = await createPipeline({ model, plugins: plugins() });
    studio = await startStudio({
      pipeline: paced(pipeline, pace),
      page: built.directory,
      readers: { image: readImage },
    });
    browser = await launch();
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await pipeline?.close();
    built?.remove();
  });

  let opened: Opened | undefined;
  const visit = async (options?: BrowserContextOptions): Promise<Page> => {
    opened = await open(browser, studio.url, options);
    return opened.page;
  };
  afterEach(async () => {
    pace.delay = 0;
    const complaints = opened?.complaints;
    await opened?.close();
    opened = undefined;
    expect(complaints ?? []).toEqual([]);
  });

  const ask = async (page: Page, text: string, seed: number): Promise<void> => {
    const panel = page.locator('.panel');
    if (!(await panel.isVisible())) await page.locator('[data-label=settings]').click();
    await page.locator('.settings input').first().fill(String(seed));
    await page.locator('textarea').fill(text);
    await page.locator('textarea').press('Enter');
  };
  const ended = (page: Page, state = 'done') =>
    page.locator(`.answer:last-child[data-state=${state}]`).waitFor();
  const arrivals = (page: Page, least: number) =>
    page.waitForFunction((n) => document.querySelectorAll('.timeline circle').length >= n, least);

  /** What the library makes for the same seed: the file it writes, read again, and how many patches there were. */
  async function library(seed: number): Promise<ImageContent & { readonly patches: number }> {
    let patches = 0;
    let image: Content | undefined;
    for await (const event of pipeline.stream({ content: [prompt], to: 'image', seed })) {
      if (event.type === 'segment-delta') patches++;
      if (event.type === 'segment-end') image = event.content;
    }
    return { ...(await readImage(await encodeImageFile(image as ImageContent, 'png'))), patches };
  }

  it('draws patch by patch; the canvas and the saved file are what the library writes', async () => {
    const { width, height, data, patches } = await library(7);
    const page = await visit();
    pace.delay = 10;
    await ask(page, prompt, 7);
    await ended(page);
    await arrivals(page, patches);
    const moments = await page
      .locator('.timeline circle')
      .evaluateAll((circles) => new Set(circles.map((circle) => circle.getAttribute('cx'))).size);
    expect(moments).toBeGreaterThan(1); // they came one after the other, not all at the end
    const drawn = await canvasOf(page);
    expect([drawn.width, drawn.height]).toEqual([width, height]);
    expect(Buffer.compare(drawn.data, data)).toBe(0);
    expect(await page.locator('.figures').textContent()).toMatch(/first patch \d+ ms · .* ids\/s · seed 7/);

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('[data-label=save]').click(),
    ]);
    expect(download.suggestedFilename()).toBe('picture.png');
    const saved = await readImage(await readFile(await download.path()));
    expect(Buffer.compare(saved.data, data)).toBe(0);
  });

  it('stops midway, keeps what came, and goes on with the next', async () => {
    const page = await visit();
    pace.delay = 40;
    const before = studio.load.generations; // earlier pages' are kept for a while
    await ask(page, prompt, 1);
    await arrivals(page, 3);
    expect(studio.load.generations).toBe(before + 1);
    await page.keyboard.press('Escape');
    await ended(page, 'stopped');
    expect(await page.locator('.figures').textContent()).toBe('Stopped · seed 1');
    await expect.poll(() => studio.load.generations).toBe(before);
    const stopped = await page.locator('.timeline circle').count();
    expect(stopped).toBeLessThan((await library(1)).patches);
    pace.delay = 0;
    await ask(page, prompt, 2);
    await ended(page);
    expect(Buffer.compare((await canvasOf(page)).data, (await library(2)).data)).toBe(0);
  });

  it('goes on after a reload midway, and loses nothing', async () => {
    const page = await visit();
    pace.delay = 40;
    await ask(page, prompt, 3);
    await arrivals(page, 4);
    await page.reload();
    await page.locator('.answer[data-resumed]').waitFor();
    expect(await page.locator('.question p').textContent()).toBe(prompt);
    await ended(page);
    const { data, patches } = await library(3);
    await arrivals(page, patches);
    expect(Buffer.compare((await canvasOf(page)).data, data)).toBe(0);
  });

  it('describes a picture that is dropped, as the library does', async () => {
    const page = await visit();
    const file = await encodeImageFile(await library(1), 'png');
    const transfer = await page.evaluateHandle(
      (bytes) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(bytes)], 'apple.png', { type: 'image/png' }));
        return data;
      },
      [...file],
    );
    await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer });
    await page.locator('.drop-zone').waitFor();
    await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
    await page.locator('.attachments img').waitFor();
    expect(await page.locator('.chip[aria-pressed=true]').textContent()).toBe('Text');
    await page.locator('.go').click();
    await ended(page);
    const { segments } = await pipeline.generate({ content: [await readImage(file)], to: 'text', seed: 0 });
    expect(await page.locator('.text-segment').textContent()).toBe(
      (segments[0]!.content as TextContent).text,
    );
  });

  it('makes a picture and speaks about it, in order, and draws from its own picture', async () => {
    const page = await visit();
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

  it.skipIf(!speaks)('plays speech as it streams (needs a default model that makes sound)', async () => {
    const page = await visit();
    await page.locator('.chip[data-modality=image]').click();
    await page.locator('.chip[data-modality=audio]').click();
    await ask(page, 'a cat', 1);
    await page.locator('.sound-segment[data-playing=true]').waitFor();
    await ended(page);
    const { segments } = await pipeline.generate({ content: ['a cat'], to: 'audio', seed: 1 });
    const { samples } = segments[0]!.content as unknown as { samples: Float32Array };
    expect(await page.locator('.sound-segment').getAttribute('data-samples')).toBe(String(samples.length));
  });

  it('speaks Korean where the browser does, and remembers a choice', async () => {
    const page = await visit({ locale: 'ko-KR' });
    expect(await page.locator('html').getAttribute('lang')).toBe('ko');
    expect(await page.locator('h2').textContent()).toBe('무엇을 만들까요?');
    expect(await page.locator('textarea').getAttribute('placeholder')).toMatch(/그림을 설명하거나/);
    await page.locator('.tries .chip').first().click();
    await ended(page);
    expect(await page.locator('.figures').textContent()).toMatch(/첫 조각 \d+ ms/);
    await page.locator('.language').click();
    expect(await page.locator('.figures').textContent()).toMatch(/first patch \d+ ms/);
    expect(await page.title()).toBe('any-to-any Studio');
    await page.reload();
    await page.waitForSelector('body[data-ready]');
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
  });

  it('is dark where the system is, and as the reader says', async () => {
    const page = await visit({ colorScheme: 'dark' });
    const light = () =>
      page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)![0]) > 128);
    expect(await light()).toBe(false);
    await page.locator('.theme').click();
    expect(await light()).toBe(true);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.locator('.theme').click();
    expect(await light()).toBe(false);
  });

  it('works by keyboard: /, Shift Enter, s', async () => {
    const page = await visit();
    await page.locator('body').click({ position: { x: 5, y: 400 } });
    await page.keyboard.press('/');
    await page.keyboard.type('a dog');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('on grass');
    expect(await page.locator('textarea').inputValue()).toBe('a dog\non grass');
    await page.keyboard.press('Enter');
    await ended(page);
    await page.locator('body').click({ position: { x: 5, y: 400 } });
    await page.keyboard.press('s');
    expect(await page.locator('.noise span').count()).toBeGreaterThan(3);
    expect(await page.locator('[data-noise]').getAttribute('aria-pressed')).toBe('true');
  });
});
