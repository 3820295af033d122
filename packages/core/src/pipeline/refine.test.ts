import { describe, expect, it } from 'vitest';
import type { Adapter, AdaptOptions } from '../contract/adapter.ts';
import type { Delta, TextDelta } from '../contract/delta.ts';
import { drain, expectCode, iterate } from '../testing/case.ts';
import type { Ports } from './ports.ts';
import { refineDeltas } from './refine.ts';

const shape = { kind: 'line' } as const;

/** Appends its name to every text, and keeps the options it was given. */
function naming(name: string, seen: AdaptOptions[] = []): Adapter {
  return {
    name,
    modality: 'text',
    async *adapt(deltas, options) {
      seen.push(options);
      for await (const delta of deltas) yield { ...delta, text: (delta as TextDelta).text + name } as Delta; // text goes in
    },
  };
}

const portsWith = (...adapters: Adapter[]): Ports => ({
  tokenizer: () => Promise.reject(new TypeError('not asked for')),
  encoder: async () => undefined,
  adapters: async () => adapters,
  processors: [],
});
const words = (): AsyncIterable<Delta> =>
  iterate([{ modality: 'text', text: '1' } as Delta, { modality: 'text', text: '2' } as Delta]); // deltas of text

describe('refining', () => {
  it('sends deltas through the adapters, in order', async () => {
    const seen: AdaptOptions[] = [];
    const signal = new AbortController().signal;
    const refined = await refineDeltas(
      words(),
      portsWith(naming('a', seen), naming('b')),
      'text',
      { upscale: 2, steps: 3 },
      { shape, signal },
    );
    expect(await drain(refined)).toEqual([
      { modality: 'text', text: '1ab' },
      { modality: 'text', text: '2ab' },
    ]);
    expect(seen).toEqual([{ shape, signal, upscale: 2, steps: 3 }]);
  });

  it('leaves them out on request', async () => {
    const refined = await refineDeltas(words(), portsWith(naming('a')), 'text', { refine: false }, { shape });
    expect(await drain(refined)).toEqual(await drain(words()));
  });

  it('says so where nothing can enlarge, or refine in steps', async () => {
    const none = portsWith();
    await expectCode(() => refineDeltas(words(), none, 'text', { upscale: 2 }, { shape }), 'OPTION_INVALID');
    const off = { refine: false, upscale: 4 } as const;
    await expectCode(
      () => refineDeltas(words(), portsWith(naming('a')), 'text', off, { shape }),
      'OPTION_INVALID',
    );
    await expectCode(() => refineDeltas(words(), none, 'text', { steps: 1 }, { shape }), 'OPTION_INVALID');
    expect(await drain(await refineDeltas(words(), none, 'text', { upscale: 1 }, { shape }))).toHaveLength(2);
  });
});
