/** For tests: a pipeline of text, pictures and sound without networks, which shows what it reads and what it is told. */
import type { Voice } from '../bundle/manifest.ts';
import type { TextContent } from '../contract/content.ts';
import type { Delta } from '../contract/delta.ts';
import type { Encoder } from '../contract/encoder.ts';
import type { Engine, Run } from '../contract/engine.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { Scheduler } from '../decoder/scheduler.ts';
import { fakeSoundEncoder, fakeSoundTokenizer } from '../testing/fake-sound.ts';
import { type FakeEngine, fakeEngine, fakeTokenizer } from '../testing/fakes.ts';
import { smallSpace } from '../testing/small-space.ts';
import { gridLayout } from '../token-space/layout.ts';
import { createTokenSpace } from '../token-space/space.ts';
import { machineOf } from './machine.test.kit.ts';
import type { Machine } from './machine.ts';
import { createPipelineOf, type Pipeline } from './pipeline.ts';

const grid = { kind: 'grid', rows: 1, columns: 2 } as const;
const space = createTokenSpace(smallSpace({ text: 27, image: 10, audio: 9 }, 9));

export const voices: Record<string, Record<string, Voice>> = {
  audio: { woman: { wording: "a woman's voice", default: true }, man: { wording: "a man's voice" } },
};

/** Ten grey levels on a 1×2 grid. */
const picture: Tokenizer = {
  modality: 'image',
  size: 10,
  layout: gridLayout({ clip: 1, block: 1 }),
  shape: () => grid,
  encode: async () => ({ ids: Uint32Array.of(0, 1), shape: grid }),
  async *decode(ids) {
    for await (const id of ids) yield { modality: 'image', id } as Delta;
  },
  join: (deltas) => ({ modality: 'image', count: [...deltas].length }) as never,
};

export interface SoundSetUp {
  readonly pipeline: Pipeline;
  readonly engine: FakeEngine;
  /** Every text of a prompt, in order. */
  readonly texts: string[];
  /** Everything the decoder was given. */
  readonly runs: Run[];
}

/** `sound` replaces the tokenizer of sound, `delay` is the milliseconds of a step. */
export function setUpSound({
  sound = {},
  encoder = true,
  delay = 0,
  reads = {},
}: {
  readonly sound?: Partial<Tokenizer>;
  readonly encoder?: boolean;
  readonly delay?: number;
  readonly reads?: Machine['reads'];
} = {}): SoundSetUp {
  const fake = fakeEngine({ heads: { marks: 9, text: 28, image: 11, audio: 10 }, delay });
  const texts: string[] = [];
  const runs: Run[] = [];
  const engine: Engine = {
    ...fake,
    append(requests, signal) {
      runs.push(...requests.flatMap((request) => request.runs));
      return fake.append(requests, signal);
    },
  };
  // The contract's tokenizers take any content; these are only ever given their own.
  const letters = fakeTokenizer() as unknown as Tokenizer;
  const tokenizers: Record<string, Tokenizer> = {
    // Any text is as many letters as it has; which ones does not matter here.
    text: {
      ...letters,
      encode(content, options) {
        const { text } = content as TextContent;
        texts.push(text);
        const plain: TextContent = { modality: 'text', text: text.replace(/[^a-z]/g, ' ') };
        return letters.encode(plain, options);
      },
    },
    image: picture,
    audio: { ...(fakeSoundTokenizer() as unknown as Tokenizer), ...sound },
  };
  const hearing = encoder ? (fakeSoundEncoder() as unknown as Encoder) : undefined;
  const machine = machineOf({
    space,
    engine,
    tokenizers,
    encoder: async (modality) => (modality === 'audio' ? hearing : undefined),
    scheduler: new Scheduler(engine, 64),
    generates: ['text', 'image', 'audio'],
    defaults: { audio: { maxIds: 20 } },
    reads,
    voices,
  });
  return { pipeline: createPipelineOf('fake', machine, async () => {}), engine: fake, texts, runs };
}
