/// <reference lib="dom" />
/** For tests: Studio with the default model, and a reader in a browser. One of each per file. */
import { plugins as usualPlugins } from '@any-to-any/cli';
import {
  type Content,
  createPipeline,
  type ImageContent,
  locateBundle,
  type Pipeline,
  type Plugin,
  type Request,
} from '@any-to-any/core';
import { type Studio, type StudioOptions, startStudio } from '@any-to-any/studio';
import { encodeImageFile, readImage } from '@any-to-any/tokenizer-image';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { buildPage, Gate, gated, launch, type Opened, open } from './browser.test.kit.ts';

export const model = locateBundle('@any-to-any/model-emoji', import.meta.url);
export const prompt = 'a red apple on a blue background';

export interface Picture extends ImageContent {
  /** Patches that were sent of it. */
  readonly patches: number;
}

export interface Bench {
  readonly gate: Gate;
  readonly pipeline: Pipeline;
  readonly studio: Studio;
  readonly browser: Browser;
  /** Requests that reached the pipeline. */
  readonly asked: readonly Request[];
  /** Opens the page; it is closed after the test, and must not have complained unless `complains`. */
  visit(options?: BrowserContextOptions): Promise<Page>;
  complains(): readonly string[];
  /** What the library makes: the file it writes, read again. */
  library(request: Request): Promise<Picture>;
}

interface Options extends Partial<StudioOptions> {
  readonly plugins?: readonly Plugin[];
  /** Makes another model than the default one. */
  readonly model?: () => Promise<{ readonly directory: string; remove(): Promise<void> }>;
}

/** To be called once in a `describe`. */
export function useStudio({ plugins = usualPlugins(), model: make, ...options }: Options = {}): Bench {
  const gate = new Gate();
  const asked: Request[] = [];
  let built: ReturnType<typeof buildPage>;
  let made: { readonly directory: string; remove(): Promise<void> } | undefined;
  let pipeline: Pipeline;
  let studio: Studio;
  let browser: Browser;
  let opened: Opened | undefined;
  let expected = false;
  beforeAll(async () => {
    built = buildPage();
    made = await make?.();
    pipeline = await createPipeline({ model: made?.directory ?? model, plugins });
    const listening: Pipeline = {
      ...pipeline,
      stream(request) {
        asked.push(request);
        return pipeline.stream(request);
      },
    };
    const readers = { image: readImage };
    const page = built.directory;
    studio = await startStudio({ pipeline: gated(listening, gate), page, readers, ...options });
    browser = await launch();
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await pipeline?.close();
    built?.remove();
    await made?.remove();
  });
  afterEach(async () => {
    gate.open();
    const complaints = opened?.complaints ?? [];
    await opened?.close();
    opened = undefined;
    if (!expected) expect(complaints).toEqual([]);
    expected = false;
  });
  return {
    gate,
    asked,
    get pipeline() {
      return pipeline;
    },
    get studio() {
      return studio;
    },
    get browser() {
      return browser;
    },
    async visit(context) {
      opened = await open(browser, studio.url, context);
      return opened.page;
    },
    complains() {
      expected = true;
      return opened?.complaints ?? [];
    },
    async library(request) {
      let patches = 0;
      let image: Content | undefined;
      for await (const event of pipeline.stream(request)) {
        if (event.type === 'segment-delta') patches++;
        if (event.type === 'segment-end') image = event.content;
      }
      // `request` asks for a picture.
      return { ...(await readImage(await encodeImageFile(image as ImageContent, 'png'))), patches };
    },
  };
}

/** Opens the settings if they are not, and gives their field of a name. */
export async function setting(page: Page, name: string) {
  if (!(await page.locator('.panel').isVisible())) await page.locator('[data-label=settings]').click();
  return page.locator(`#setting-${name}`);
}

/** Asks for what is picked on the page. */
export async function ask(page: Page, text: string, seed: number): Promise<void> {
  await (await setting(page, 'seed')).fill(String(seed));
  await page.locator('textarea').fill(text);
  await page.locator('textarea').press('Enter');
}

/** Until the newest answer is in a state. */
export const ended = (page: Page, state = 'done'): Promise<void> =>
  page.locator(`.answer:last-child[data-state=${state}]`).waitFor();

/** Until so many patches of the newest answer were drawn into the timeline. */
export const arrivals = (page: Page, least: number) =>
  page.waitForFunction(
    (n) => document.querySelectorAll('.answer:last-child .timeline circle').length >= n,
    least,
  );

/** Drops a file on the page, as the system does; instead of its bytes, how many there are of 0. */
export async function drop(
  page: Page,
  name: string,
  type: string,
  content: Uint8Array | number,
): Promise<void> {
  const dataTransfer = await page.evaluateHandle(
    ({ name, type, bytes }) => {
      const data = new DataTransfer();
      const all = typeof bytes === 'number' ? new Uint8Array(bytes) : Uint8Array.from(bytes);
      data.items.add(new File([all], name, { type }));
      return data;
    },
    { name, type, bytes: typeof content === 'number' ? content : [...content] },
  );
  await page.dispatchEvent('body', 'dragover', { dataTransfer });
  await page.locator('.drop-zone').waitFor();
  await page.dispatchEvent('body', 'drop', { dataTransfer });
}
