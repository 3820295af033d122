/**
 * Sound in a real browser, whatever the default model can: a scripted model that hears and speaks, and says what
 * it was asked.
 */
import type { Event, Pipeline, Request, SoundContent } from '@any-to-any/core';
import { type Studio, startStudio } from '@any-to-any/studio';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserPath, buildPage, launch, open } from './browser.test.kit.ts';

const rate = 16_000;

/** Pieces of a tone of 220 Hz, 50 ms each. */
function tone(index: number): Float32Array {
  const length = rate / 20;
  return Float32Array.from({ length }, (_, at) => {
    return 0.4 * Math.sin((2 * Math.PI * 220 * (index * length + at)) / rate);
  });
}

/** Answers with `pieces` of a tone as fast as it is asked; remembers every request. */
function speaker(pieces: number): { pipeline: Pipeline; asked: Request[] } {
  const asked: Request[] = [];
  async function* stream(request: Request): AsyncGenerator<Event, void, undefined> {
    asked.push(request);
    yield { type: 'segment-start', segment: 0, modality: 'audio', shape: { kind: 'line' } };
    for (let index = 0; index < pieces; index++) {
      const delta = { modality: 'audio', rate, samples: tone(index) };
      yield { type: 'progress', segment: 0, done: index + 1, rate: 20 };
      yield { type: 'segment-delta', segment: 0, delta };
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const content = { modality: 'audio' };
    yield { type: 'segment-end', segment: 0, content, ids: new Uint32Array() };
    yield { type: 'finish', reason: 'stop', usage: { prefilled: 0, generated: 0, reused: 0 } };
  }
  const voices = {
    audio: {
      low: { wording: 'a low voice' },
      high: { wording: 'a high voice', description: 'High and clear', default: true },
    },
  };
  const space = { regions: [{ modality: 'text' }, { modality: 'audio' }] };
  // Only what the server asks of a pipeline is there.
  const told = {
    name: 'speaker',
    space,
    generates: ['audio'],
    defaults: {},
    guides: {},
    voices,
    adapters: {},
  };
  const pipeline = { ...told, stream };
  return { pipeline: pipeline as unknown as Pipeline, asked };
}

describe.skipIf(!browserPath)('sound in Chromium', { timeout: 300_000 }, () => {
  const { pipeline, asked } = speaker(40);
  let built: ReturnType<typeof buildPage>;
  let studio: Studio;
  let browser: Browser;
  beforeAll(async () => {
    built = buildPage();
    studio = await startStudio({ pipeline, page: built.directory });
    browser = await launch();
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    built?.remove();
  });

  it('plays as it streams, draws its waveform, and can be saved', async () => {
    const { page, complaints, close } = await open(browser, studio.url);
    await page.locator('[data-label=settings]').click();
    expect(await page.locator('select option').allTextContents()).toEqual([
      'default',
      'High and clear',
      'a low voice',
    ]);
    await page.locator('select').selectOption('low');
    await page.locator('textarea').fill('say it');
    await page.locator('textarea').press('Enter');
    await page.locator('.sound-segment[data-playing=true]').waitFor();
    await page.locator('.answer[data-state=done]').waitFor();
    expect(asked.at(-1)).toMatchObject({ to: ['audio'], options: { audio: { voice: 'low' } } });
    expect(await page.locator('.sound-segment').getAttribute('data-samples')).toBe(String(2 * rate));
    expect(await page.locator('.sound-segment .quiet').textContent()).toBe('2.0 s');
    const painted = await page.locator('.wave').evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value !== 0);
    });
    expect(painted).toBe(true);
    // Two seconds later it falls silent by itself, and can be heard again.
    await page.locator('.sound-segment[data-playing=false]').waitFor();
    await page.locator('[data-label=play]').click();
    await page.locator('.sound-segment[data-playing=true]').waitFor();
    await page.locator('[data-label=pause]').click();
    await page.locator('.sound-segment[data-playing=false]').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('.sound-segment [data-label=save]').click(),
    ]);
    expect(download.suggestedFilename()).toBe('sound.wav');
    expect(complaints).toEqual([]);
    await close();
  });

  it('hears the microphone: what was said reaches the model as samples', async () => {
    const { page, complaints, close } = await open(browser, studio.url);
    await page.locator('[data-label=record]').click();
    // A second of sound has come from the device.
    await page.waitForFunction(
      () => Number(document.querySelector<HTMLElement>('.recording')?.dataset['seconds']) >= 1,
    );
    await page.locator('[data-label=recording]').click();
    await page.locator('.attachments audio').waitFor();
    await page.locator('.go').click();
    await page.locator('.answer[data-state=done]').waitFor();
    const [content] = asked.at(-1)!.content as [SoundContent];
    expect(content).toMatchObject({ modality: 'audio', rate: 24_000 });
    expect(content.samples.length).toBeGreaterThan(24_000 * 0.2);
    expect(content.samples.some((sample) => sample !== 0)).toBe(true);
    expect(complaints).toEqual([]);
    await close();
  });

  it('says why a file is not taken', async () => {
    const { page, complaints, close } = await open(browser, studio.url);
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.locator('[data-label=attach]').click(),
    ]);
    await chooser.setFiles([
      { name: 'cat.png', mimeType: 'image/png', buffer: Buffer.from('no picture') },
      { name: 'broken.wav', mimeType: 'audio/wav', buffer: Buffer.from('no sound') },
      { name: 'letter.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF') },
      { name: 'long.wav', mimeType: 'audio/wav', buffer: Buffer.alloc(17_000_000) },
    ]);
    await page.getByText('cat.png: this model reads no such files.').waitFor();
    await page.getByText('broken.wav: this browser cannot read the sound.').waitFor();
    await page.getByText('letter.pdf is neither a picture nor a sound.').waitFor();
    await page.getByText('long.wav is too large: 17.0 MB, at most 16.7 MB.').waitFor();
    expect(await page.locator('.attachments li').count()).toBe(0);
    // They stay until they were read.
    for (let left = 4; left > 0; left--) {
      expect(await page.locator('.notice').count()).toBe(left);
      await page.locator('.notice button').first().click();
    }
    expect(await page.locator('.notice').count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });
});
