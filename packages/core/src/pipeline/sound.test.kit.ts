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
import { gridLayout } from '../token-space/layout.ts';
import { createTokenSpace } from '../token-space/space.ts';
import type { Machine } from './machine.ts';
import { createPipelineOf, type Pipeline } from './pipeline.ts';

const line = { kind: 'line', buckets: 32, maxDistance: 128 } as const;
const grid = { kind: 'grid', rows: 1, columns: 2 } as const;
const space = createTokenSpace({
  version: 1,
  marks: {
    capacity: 9,
    names: ['<pad>', '<s>', '</s>', '<txt>', '</txt>', '<img>', '</img>', '<aud>', '</aud>'],
    begin: '<s>',
    end: '</s>',
  },
  regions: [
    { modality: 'text', open: '<txt>', close: '</txt>', offset: 9, size: 27, layout: line },
    {
      modality: 'image',
      open: '<img>',
      close: '</img>',
      offset: 36,
      size: 10,
      layout: { kind: 'grid', clip: 1, block: 1 },
    },
    { modality: 'audio', open: '<aud>', close: '</aud>', offset: 46, size: 9, layout: line },
  ],
});

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
  const machine: Machine = {
    space,
    engine,
    scheduler: new Scheduler(engine, 64),
    ports: {
      tokenizer: async (modality) => tokenizers[modality]!,
      encoder: async (modality) =>
        modality === 'audio' && encoder ? (fakeSoundEncoder() as unknown as Encoder) : undefined,
      adapters: async () => [],
      processors: [],
    },
    generates: ['text', 'image', 'audio'],
    defaults: { audio: { maxIds: 20 } },
    reads,
    guides: {},
    voices,
    adapters: {},
    unconditional: 'empty',
    closing: new AbortController().signal,
    now: () => 0,
  };
  return { pipeline: createPipelineOf('fake', machine, async () => {}), engine: fake, texts, runs };
}
