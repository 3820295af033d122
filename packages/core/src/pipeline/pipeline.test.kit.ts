/** For tests: a pipeline of letters and tiny pictures on the fake engine. */
import type { AppendRequest, Engine } from '../contract/engine.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { type FakeEngine, fakeEngine, fakeTokenizer } from '../testing/fakes.ts';
import { smallSpace } from '../testing/small-space.ts';
import { gridLayout } from '../token-space/layout.ts';
import { createTokenSpace } from '../token-space/space.ts';
import { machineOf } from './machine.test.kit.ts';
import type { Machine } from './machine.ts';
import { createPipelineOf, type Pipeline } from './pipeline.ts';

const space = createTokenSpace(smallSpace({ text: 27, image: 10 }));

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
  const generates = ['text', 'image'];
  const machine = machineOf({ space, engine, tokenizers, generates, guides, defaults });
  return { pipeline: createPipelineOf('fake', machine, async () => {}), engine: fake, appended };
}

export const ids = (answer: { segments: readonly { ids: Uint32Array }[] }): number[][] =>
  answer.segments.map((segment) => [...segment.ids]);
