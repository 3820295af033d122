import { describe, expect, it } from 'vitest';
import type { SoundContent } from '../contract/content.ts';
import type { Run } from '../contract/engine.ts';
import type { Request } from './request.ts';
import { setUpSound } from './sound.test.kit.ts';

const hum: SoundContent = {
  modality: 'audio',
  rate: 100,
  samples: Float32Array.from([0.5, -1].flatMap((level) => Array<number>(4).fill(level))),
};
const request: Request = { content: [hum], to: 'text' };
const read = (how: unknown): Request => ({ ...request, options: { audio: { read: how as 'ids' } } });

const written = (runs: readonly Run[]): string[] =>
  runs.flatMap((run) =>
    'embeddings' in run
      ? [...run.embeddings].map((value) => `e${value}`)
      : [...run.ids].map((id) => `${run.port}:${id}`),
  );
const ids = ['audio:6', 'audio:0'];
const embeddings = ['e0.5', 'e-1'];

/** What stands between `<aud>` and `</aud>`. */
async function bodyOf(one: Request, setUp: Parameters<typeof setUpSound>[0] = {}): Promise<string[]> {
  const { pipeline, runs } = setUpSound(setUp);
  await pipeline.generate(one);
  const symbols = written(runs);
  return symbols.slice(symbols.indexOf('marks:7') + 1, symbols.indexOf('marks:8'));
}

describe('a content with tokenizer and encoder is read', () => {
  it('as the request says', async () => {
    expect(await bodyOf(request)).toEqual(embeddings);
    expect(await bodyOf(read('embeddings'))).toEqual(embeddings);
    expect(await bodyOf(read('ids'))).toEqual(ids);
    expect(await bodyOf(read('both'))).toEqual([...ids, ...embeddings]);
  });

  it('else as the bundle says, with a mark between ids and embeddings if it names one', async () => {
    const both = { reads: { audio: { read: 'both', between: '<pad>' } } } as const;
    expect(await bodyOf(request, both)).toEqual([...ids, 'marks:0', ...embeddings]);
    expect(await bodyOf(read('both'), { reads: { audio: { between: '<pad>' } } })).toContain('marks:0');
    expect(await bodyOf(read('ids'), both)).toEqual(ids);
    expect(await bodyOf(read('embeddings'), { reads: { audio: { read: 'ids' } } })).toEqual(embeddings);
    expect(await bodyOf(request, { reads: { audio: { read: 'ids' } } })).toEqual(ids);
  });

  it('with a number of its own for each of the two, and for what follows', async () => {
    const { pipeline, runs } = setUpSound();
    await pipeline.generate({ ...read('both'), content: ['a', hum, 'b'] });
    const numbers = runs.flatMap(({ port, place }) => (place ? [`${port} ${place.segment}`] : []));
    expect([...new Set(numbers)]).toEqual(['text 0', 'audio 1', 'audio 2', 'text 3', 'text 4']);
    expect(runs.every(({ place }) => place === undefined || place.start === 0 || place.segment === 4)).toBe(
      true,
    );
  });
});

it('refuses what it cannot read', async () => {
  const codeOf = (one: Request, encoder: boolean): Promise<unknown> =>
    bodyOf(one, { encoder }).catch((error: unknown) => error);
  expect(await codeOf(read('embeddings'), false)).toMatchObject({ code: 'OPTION_INVALID' });
  expect(await codeOf(read('both'), false)).toMatchObject({ code: 'OPTION_INVALID' });
  expect(await codeOf(read('pictures'), true)).toMatchObject({ code: 'OPTION_INVALID' });
});
