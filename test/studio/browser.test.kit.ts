/// <reference lib="dom" />
/**
 * For tests: Studio in a real browser. Debian's Chromium (`apt-get install chromium`) or the one CHROMIUM names.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Event, Pipeline } from '@any-to-any/core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { root } from '../source.ts';

const candidates = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser'];

/** Where the browser is; undefined, and said so, if there is none. */
export const browserPath = candidates.find((path) => path !== undefined && existsSync(path));
if (!browserPath) {
  console.warn('No Chromium: the tests of Studio in a browser DO NOT RUN. apt-get install chromium');
}

/** Builds the page into a folder of its own, so that no other test reads it half written. */
export function buildPage(): { readonly directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'any-to-any-page-'));
  const studio = join(root, 'packages/studio');
  const vite = dirname(createRequire(join(studio, 'package.json')).resolve('vite/package.json'));
  const options = ['build', '--outDir', directory, '--logLevel', 'error', '--emptyOutDir'];
  execFileSync(process.execPath, [join(vite, 'bin/vite.js'), ...options], { cwd: studio, stdio: 'inherit' });
  return { directory, remove: () => rmSync(directory, { recursive: true }) };
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: browserPath!,
    args: [
      '--no-sandbox', // as root there is none
      '--disable-gpu',
      '--disable-background-networking',
      '--autoplay-policy=no-user-gesture-required',
      '--host-resolver-rules=MAP rebound.test 127.0.0.1',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
    ],
  });
}

export interface Opened {
  readonly page: Page;
  /** What the page has complained of: console errors, exceptions, requests that failed. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** Opens Studio and waits until it can be used. */
export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({
    locale: 'en-US',
    viewport: { width: 1000, height: 820 },
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  await page.goto(url);
  await page.waitForSelector('body[data-ready]');
  return { page, complaints, close: () => context.close() };
}

/** The pixels on the newest canvas, RGBA. */
export async function canvasOf(page: Page): Promise<{ width: number; height: number; data: Uint8Array }> {
  const canvas = page.locator('.answer:last-child canvas.picture').last();
  const { width, height, pixels } = await canvas.evaluate((element: HTMLCanvasElement) => {
    const { width, height } = element;
    // A copy, for browsers mind when the page's own canvas is read again and again.
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
    copy.drawImage(element, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    return { width, height, pixels: [...data] };
  });
  return { width, height, data: Uint8Array.from(pixels) };
}

/** Where a pipeline's answers wait, so that a test can look at them half made however slow the machine is. */
export class Gate {
  #after = Number.POSITIVE_INFINITY;
  #waiting = new Set<() => void>();

  /** From now on every answer waits after so many of its events. */
  shut(after: number): void {
    this.#after = after;
  }

  open(): void {
    this.#after = Number.POSITIVE_INFINITY;
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  async pass(count: number, signal: AbortSignal | undefined): Promise<void> {
    if (count <= this.#after || signal?.aborted) return;
    await new Promise<void>((resolve) => {
      this.#waiting.add(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

/** The same pipeline, with a gate in every answer. */
export function gated(pipeline: Pipeline, gate: Gate): Pipeline {
  async function* stream(request: Parameters<Pipeline['stream']>[0]): AsyncGenerator<Event> {
    let count = 0;
    for await (const event of pipeline.stream(request)) {
      await gate.pass(++count, request.signal);
      yield event;
    }
  }
  return { ...pipeline, stream };
}
