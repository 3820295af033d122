/// <reference lib="dom" />
/** Studio's page for everybody: by keyboard, for readers of the screen, in both languages and colours, without motion. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { browserPath } from './browser.test.kit.ts';
import { arrivals, ask, ended, prompt, setting, useStudio } from './studio.test.kit.ts';

describe.skipIf(!browserPath)('Studio for everybody', { timeout: 300_000 }, () => {
  const bench = useStudio();

  /** What axe finds wrong, in words; `where` says in which state. */
  async function wrongs(page: Page, where: string): Promise<string[]> {
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(),
    );
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${where}: ${id} at ${target.join(' ')}: ${failureSummary}`),
    );
  }

  it.each([
    ['light', 'en-US', 1000],
    ['dark', 'ko-KR', 1000],
    ['light', 'ko-KR', 390],
    ['dark', 'en-US', 390],
  ] as const)(
    'has labels, roles and contrast: %s, %s, %d pixels wide',
    async (colorScheme, locale, width) => {
      const page = await bench.visit({
        colorScheme,
        locale,
        viewport: { width, height: 820 },
        reducedMotion: 'reduce',
      });
      const found = await wrongs(page, 'empty');
      await (await setting(page, 'seed')).fill('7');
      found.push(...(await wrongs(page, 'settings')));
      await page.locator('.chip[data-modality=text]').click();
      await page.locator('.chip[data-modality=audio]').click();
      bench.gate.shut(60);
      await ask(page, prompt, 7);
      await arrivals(page, 4);
      await page.locator('[data-noise]').click();
      found.push(...(await wrongs(page, 'half drawn')));
      await page.locator('[data-noise]').click();
      bench.gate.open();
      await ended(page);
      found.push(...(await wrongs(page, 'done')));
      await ask(page, 'word '.repeat(600), 1);
      await ended(page, 'failed');
      found.push(...(await wrongs(page, 'failed')));
      expect(found).toEqual([]);
      // Nothing is wider than the window.
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    },
  );

  it('reaches every control by Tab, and shows where it is', async () => {
    const page = await bench.visit();
    await setting(page, 'seed');
    await ask(page, 'a cat', 1);
    await ended(page);
    const count = await page.evaluate(() => {
      const all = [...document.querySelectorAll<HTMLElement>('button, input, select, textarea')];
      const controls = all.filter((one) => one.checkVisibility());
      for (const [index, one] of controls.entries()) one.dataset['control'] = String(index);
      return controls.length;
    });
    expect(count).toBeGreaterThan(15);
    const seen = new Set<string>();
    for (let turn = 0; turn < 3 * count && seen.size < count; turn++) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const { activeElement } = document;
        if (!(activeElement instanceof HTMLElement) || !activeElement.dataset['control']) return undefined;
        // The prompt shows it by the frame around it.
        const framed = activeElement.closest('.composer') && activeElement.tagName === 'TEXTAREA';
        const { outlineStyle, outlineWidth } = getComputedStyle(activeElement);
        const shown = framed || (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2);
        return { control: activeElement.dataset['control'], shown };
      });
      if (at) {
        expect([at.control, Boolean(at.shown)]).toEqual([at.control, true]);
        seen.add(at.control);
      }
    }
    expect(seen.size).toBe(count);
  });

  it('works by keyboard: /, Shift Enter, s, Esc', async () => {
    const page = await bench.visit();
    const away = (): Promise<void> => page.locator('body').click({ position: { x: 5, y: 400 } });
    await away();
    await page.keyboard.press('/');
    await page.keyboard.type('a dog');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('on grass');
    expect(await page.locator('textarea').inputValue()).toBe('a dog\non grass');
    await page.keyboard.press('Enter');
    await ended(page);
    await away();
    await page.keyboard.press('s');
    expect(await page.locator('.noise span').count()).toBe(16);
    expect(await page.locator('[data-noise]').getAttribute('aria-pressed')).toBe('true');
    await (await setting(page, 'seed')).focus();
    await page.keyboard.press('Escape');
    expect(await page.locator('.panel').isVisible()).toBe(false);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-label'))).toBe('settings');
    await page.keyboard.press('Escape');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('TEXTAREA');
  });

  it('says how far it is to readers of the screen', async () => {
    const page = await bench.visit();
    const said = await page.evaluateHandle(() => {
      const words: string[] = [];
      new MutationObserver(() => {
        const now = document.querySelector('.unseen')?.textContent;
        if (now && now !== words.at(-1)) words.push(now);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
      return words;
    });
    bench.gate.shut(60);
    await ask(page, prompt, 7);
    await arrivals(page, 4);
    expect(await page.locator('.answer').getAttribute('aria-busy')).toBe('true');
    bench.gate.open();
    await ended(page);
    expect(await page.locator('.answer').getAttribute('aria-busy')).toBe('false');
    const words = await said.jsonValue();
    expect(words[0]).toBe('Making …');
    expect(words.at(-1)).toMatch(/^Done in [\d.]+ s$/);
    expect(await page.locator('canvas.picture').getAttribute('aria-label')).toBe(`Picture: ${prompt}`);
  });

  it('speaks Korean where the browser does, and remembers a choice', async () => {
    const page = await bench.visit({ locale: 'ko-KR' });
    expect(await page.locator('html').getAttribute('lang')).toBe('ko');
    expect(await page.locator('h2').textContent()).toBe('무엇을 만들까요?');
    expect(await page.locator('textarea').getAttribute('placeholder')).toMatch(/^글을 쓰거나/);
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
    const page = await bench.visit({ colorScheme: 'dark' });
    const light = () =>
      page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)![0]) > 128);
    expect(await light()).toBe(false);
    await page.locator('.theme').click();
    expect(await light()).toBe(true);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.locator('.theme').click();
    expect(await light()).toBe(false);
  });

  it('moves nothing for those who want no motion', async () => {
    const page = await bench.visit({ reducedMotion: 'reduce' });
    bench.gate.shut(60);
    await ask(page, prompt, 7);
    await arrivals(page, 4);
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  });
});
