/** How pictures are guided, on the page: a field where the model has a choice, and what is chosen reaches the pipeline. */
import { describe, expect, it } from 'vitest';
import { guidedModel } from '../guided-model.test.kit.ts';
import { browserPath } from './browser.test.kit.ts';
import { ask, ended, prompt, setting, useStudio } from './studio.test.kit.ts';

describe.skipIf(!browserPath)('guidance in Chromium', { timeout: 300_000 }, () => {
  const bench = useStudio({ model: guidedModel });

  it('is left to the model, or chosen', async () => {
    const page = await bench.visit();
    const mode = await setting(page, 'guidanceMode');
    expect(await mode.locator('option').allTextContents()).toEqual([
      'default',
      'the model (one row)',
      'comparing (two rows)',
    ]);
    await ask(page, prompt, 7);
    await ended(page);
    expect(bench.asked.at(-1)!.options?.['image']).toBeUndefined();
    await mode.selectOption('two-row');
    await ask(page, prompt, 7);
    await ended(page);
    expect(bench.asked.at(-1)!.options?.['image']).toEqual({ guidanceMode: 'two-row' });
  });
});
