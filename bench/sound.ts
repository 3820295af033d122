/** The default model's sound: words → speech, first sample and whole; speech → words; its codec alone. */
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import {
  createPipeline,
  locateBundle,
  type Plugin,
  type SoundContent,
  type SoundDelta,
  type Tokenizer,
} from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { median, time, worstDelay } from './measure.ts';

export interface SoundFigures {
  /** Milliseconds. */
  readonly firstSample: number;
  readonly speech: number;
  /** Seconds of sound per second of making it. */
  readonly speechRate: number;
  /** Milliseconds to write down what was said. */
  readonly listening: number;
  /** Seconds of sound per second of encoding and of decoding, by the codec alone. */
  readonly encodeRate: number;
  readonly decodeRate: number;
  readonly worstDelay: number;
}

const words = 'a red apple on a blue background';
const rounds = { warm: 2, counted: 9 };

/** Medians of nine calls after two to warm up. */
export async function measureSound(
  model = locateBundle('@any-to-any/model-emoji', import.meta.url),
): Promise<SoundFigures> {
  const codec = kept(audioPlugin());
  const pipeline = await createPipeline({
    model,
    plugins: [textPlugin(), imagePlugin(), codec.plugin, denoisePlugin()],
  });
  const firsts: number[] = [];
  const wholes: number[] = [];
  const rates: number[] = [];
  const heard: number[] = [];
  const encoded: number[] = [];
  const decoded: number[] = [];
  const delay = await worstDelay(async () => {
    for (let seed = 0; seed < rounds.warm + rounds.counted; seed++) {
      const began = performance.now();
      let first = Number.NaN;
      let sound: SoundContent | undefined;
      for await (const event of pipeline.stream({ content: [words], to: 'audio', seed })) {
        if (event.type === 'segment-delta' && Number.isNaN(first)) first = performance.now() - began;
        if (event.type === 'segment-end') sound = event.content as SoundContent; // `to: 'audio'`
      }
      const whole = performance.now() - began;
      const listening = await time(() => pipeline.generate({ content: [sound!], to: 'text', seed }));
      const tokenizer = codec.tokenizer();
      const { ids, shape } = await tokenizer.encode(sound!);
      const encoding = await time(() => tokenizer.encode(sound!));
      const decoding = await time(async () => {
        for await (const _ of tokenizer.decode(each(ids), { shape }));
      });
      if (seed < rounds.warm) continue;
      const seconds = sound!.samples.length / sound!.rate;
      firsts.push(first);
      wholes.push(whole);
      rates.push((seconds * 1000) / whole);
      heard.push(listening);
      encoded.push((seconds * 1000) / encoding);
      decoded.push((seconds * 1000) / decoding);
    }
  });
  await pipeline.close();
  return {
    firstSample: median(firsts),
    speech: median(wholes),
    speechRate: median(rates),
    listening: median(heard),
    encodeRate: median(encoded),
    decodeRate: median(decoded),
    worstDelay: delay,
  };
}

/** The plugin, with a look at the tokenizer that a pipeline makes of it. */
function kept(plugin: Plugin): {
  readonly plugin: Plugin;
  tokenizer(): Tokenizer<SoundContent, SoundDelta>;
} {
  let made: unknown;
  return {
    plugin: {
      ...plugin,
      register: (registry) =>
        plugin.register({
          ...registry,
          tokenizer: (modality, factory) =>
            registry.tokenizer(modality, async (port) => {
              const tokenizer = await factory(port);
              made = tokenizer;
              return tokenizer;
            }),
        }),
    },
    tokenizer: () => made as Tokenizer<SoundContent, SoundDelta>, // the audio plugin's only tokenizer
  };
}

async function* each(ids: Uint32Array): AsyncGenerator<number> {
  yield* ids;
}
