/**
 * The speech judge: hears English and Korean. Trained on true clips only; not the encoder of the
 * model. By itself it spells roughly, so it is asked which sentence of a list it hears: the right one is among others
 * of its kind, and chance is one in the length of the list.
 */
import type { Graph, SoundContent } from '@any-to-any/core';
import type { Items } from '../items.ts';
import { logLikelihood, type Scores, spell } from './ctc.ts';
import { type WordErrors, wordErrors } from './words.ts';

export interface Heard {
  /** What is spelt, frame by frame. */
  readonly transcript: string;
  /** Whether no other sentence of the list is likelier than the one that should be said. */
  readonly right: boolean;
  /** Between the sentence that was picked and the true one. */
  readonly words: WordErrors;
}

export interface SpeechJudge {
  /** `said` must be in one of the lists. */
  hear(clip: SoundContent, said: string): Promise<Heard>;
}

const rate = 16_000;
/** Samples of a frame: 12.5 frames a second. */
const stride = 1280;

/** `graph`: samples [1, N], N a multiple of 1280 → scores [N / 1280, classes]. */
export function speechJudge(graph: Graph, { spelling, sentences }: Items): SpeechJudge {
  const pieces = spelling.map((piece) => Buffer.from(piece, 'base64'));
  const lists = Object.values(sentences);
  return {
    async hear({ samples, rate: of }, said) {
      if (of !== rate) throw new Error(`The speech judge hears ${rate} Hz, not ${of}.`);
      const list = lists.find((one) => one.some(({ text }) => text === said));
      if (!list) throw new Error(`The speech judge has no list with "${said}".`);
      const data = new Float32Array(Math.max(1, Math.ceil(samples.length / stride)) * stride);
      data.set(samples);
      const { scores } = await graph.run({ samples: { data, dims: [1, data.length] } });
      // The file says float32.
      const heard: Scores = {
        data: scores!.data as Float32Array,
        frames: scores!.dims[0]!,
        classes: scores!.dims[1]!,
      };
      const likely = list.map(({ classes }) => logLikelihood(heard, classes));
      const picked = list[likely.indexOf(Math.max(...likely))]!.text;
      return {
        transcript: Buffer.concat(spell(heard).map((one) => pieces[one]!)).toString('utf8'),
        right: picked === said && Number.isFinite(Math.max(...likely)),
        words: wordErrors(picked, said),
      };
    },
  };
}
