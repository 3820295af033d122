import { describe, expect, it } from 'vitest';
import type { Run } from '../contract/engine.ts';
import { lineLayout } from '../token-space/layout.ts';
import { createTokenSpace } from '../token-space/space.ts';
import { type PromptSegment, unconditionalRuns } from './prompt.ts';

const names = ['<s>', '</s>', '<pad>', '<txt>', '</txt>', '<img>', '</img>', '<|user|>'];
const space = createTokenSpace({
  version: 1,
  marks: { capacity: 8, names, begin: '<s>', end: '</s>', silent: ['<txt>', '</txt>'] },
  regions: [
    {
      modality: 'text',
      open: '<txt>',
      close: '</txt>',
      offset: 8,
      size: 9,
      layout: { kind: 'line', buckets: 32, maxDistance: 128 },
    },
    {
      modality: 'image',
      open: '<img>',
      close: '</img>',
      offset: 17,
      size: 4,
      layout: { kind: 'grid', clip: 1, block: 1 },
    },
  ],
});
const marks = (...ids: string[]): Run => ({ port: 'marks', ids: Uint32Array.from(ids, space.mark) });
const place = {
  segment: 0,
  start: 0,
  layout: lineLayout({ buckets: 32, maxDistance: 128 }),
  shape: { kind: 'line' },
} as const;
const prompt: PromptSegment[] = [
  { modality: 'mark', open: [marks('<|user|>')], body: [], close: [] },
  { modality: 'text', open: [], body: [{ port: 'text', ids: Uint32Array.of(4, 5, 6), place }], close: [] },
  {
    modality: 'image',
    open: [marks('<img>')],
    body: [{ port: 'image', embeddings: new Float32Array(6), count: 2 }],
    close: [marks('</img>')],
  },
  { modality: 'mark', open: [marks('<s>')], body: [], close: [] },
];
const spelt = (runs: readonly Run[]): string[] =>
  runs.flatMap((run) =>
    'ids' in run
      ? [...run.ids].map((id) => (run.port === 'marks' ? space.markName(id) : `${run.port} ${id}`))
      : Array<string>(run.count).fill('embedding'),
  );

describe('what guidance compares with', () => {
  it('pad: as long as the prompt, and only what begins or opens the generated modality is kept', () => {
    const runs = unconditionalRuns(prompt, space, 'pad', space.mark('<img>'));
    const pads = (count: number) => Array<string>(count).fill('<pad>');
    expect(spelt(runs)).toEqual([...pads(1), ...pads(3), '<img>', ...pads(2), ...pads(1), '<s>']);
  });

  it('pad: the opening mark of another modality is padded too', () => {
    const runs = unconditionalRuns(prompt, space, 'pad', space.mark('<txt>'));
    expect(spelt(runs)).not.toContain('<img>');
  });

  it('empty: texts are left out, everything else stays', () => {
    const runs = unconditionalRuns(prompt, space, 'empty', space.mark('<img>'));
    expect(spelt(runs)).toEqual(['<|user|>', '<img>', 'embedding', 'embedding', '</img>', '<s>']);
  });
});
