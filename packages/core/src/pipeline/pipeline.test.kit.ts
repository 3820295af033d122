/** For tests: a pipeline of letters and tiny pictures on the fake engine. */
import type { AppendRequest, Engine } from '../contract/engine.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { Scheduler } from '../decoder/scheduler.ts';
import { type FakeEngine, fakeEngine, fakeTokenizer } from '../testing/fakes.ts';
import { gridLayout } from '../token-space/layout.ts';
import { createTokenSpace } from '../token-space/space.ts';
import type { Machine } from './machine.ts';
import { createPipelineOf, type Pipeline } from './pipeline.ts';

const space = createTokenSpace({
  version: 1,
  marks: {
    capacity: 8,
    names: ['<pad>', '<s>', '</s>', '<txt>', '</txt>', '<img>', '</img>'],
    begin: '<s>',
    end: '</s>',
  },
  regions: [
    {
      modality: 'text',
      open: '<txt>',
      close: '</txt>',
      offset: 8,
      size: 27,
      layout: { kind: 'line', buckets: 32, maxDistance: 128 },
    },
    {
      modality: 'image',
      open: '<img>',
      close: '</img>',
      offset: 35,
      size: 10,
      layout: { kind: 'grid', clip: 1, block: 1 },
    },
  ],
});

/** Ten grey levels on a 2×3 grid. */
const picture: Tokenizer = {
  modality: 'image',
  size: 10,
  layout: gridLayout({ clip: 1, block: 1 }),
  shape: () => ({ kind: 'grid', rows: 2, columns: 3 }),
  encode: async () => ({
    ids: Uint32Array.of(0, 1, 2, 3, 4, 5),
    shape: { kind: 'grid', rows: 2, columns: 3 },
  }),
  async *decode(ids) {
    for await (const id of ids)
      yield { modality: 'image', content: { modality: 'image', level: id } } as never;
  },
  join: (deltas) => ({ modality: 'image', count: [...deltas].length }) as never,
};

interface SetUp extends Partial<Pick<Machine, 'defaults' | 'guides'>> {
  /** Milliseconds one step takes. */
  readonly delay?: number;
}

/** Pictures are guided by 2 unless `defaults` say otherwise. `appended`: every request to the engine. */
export function setUp({
  delay = 0,
  defaults = { text: { maxIds: 12 }, image: { guidance: 2 } },
  guides = {},
}: SetUp = {}): { pipeline: Pipeline; engine: FakeEngine; appended: AppendRequest[] } {
  const fake = fakeEngine({ heads: { marks: 8, text: 28, image: 11 }, delay });
  const appended: AppendRequest[] = [];
  const engine: Engine = {
    ...fake,
    append(requests, signal) {
      appended.push(...requests);
      return fake.append(requests, signal);
    },
  };
  const tokenizers: Record<string, Tokenizer> = { text: fakeTokenizer() as Tokenizer, image: picture };
  const machine: Machine = {
    space,
    engine,
    scheduler: new Scheduler(engine, 4),
    ports: {
      tokenizer: async (modality) => tokenizers[modality]!,
      encoder: async () => undefined,
      adapters: async () => [],
      processors: [],
    },
    generates: ['text', 'image'],
    guides,
    voices: {},
    adapters: {},
    defaults,
    reads: {},
    unconditional: 'empty',
    closing: new AbortController().signal,
    now: () => 0,
  };
  return { pipeline: createPipelineOf('fake', machine, async () => {}), engine: fake, appended };
}

export const ids = (answer: { segments: readonly { ids: Uint32Array }[] }): number[][] =>
  answer.segments.map((segment) => [...segment.ids]);
