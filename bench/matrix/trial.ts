/** One item of a cell: tried, judged, and kept for the page of samples. Then the row that all of them make. */
import type { ImageContent, SoundContent } from '@any-to-any/core';
import type { WordErrors } from './speech/words.ts';
import { wilson } from './wilson.ts';

/** What went in or came out, to be shown. */
export type Shown = string | ImageContent | SoundContent;

export interface Trial {
  readonly right: boolean;
  /** Whether the truth itself is judged right: no model can do better. */
  readonly ceiling?: boolean | undefined;
  /** Whether it is right by way of text: from the input to words, from these to the output. */
  readonly twoSteps?: boolean | undefined;
  /** Whether every object was named, whatever else was said. */
  readonly named?: boolean | undefined;
  readonly words?: WordErrors | undefined;
  readonly ceilingWords?: WordErrors | undefined;
  /** For the outside recogniser. */
  readonly spoken?: Spoken | undefined;
  /** Input, then output. */
  readonly shown: readonly Shown[];
  /** What the judge heard or read, if that is not to be seen in `shown`. */
  readonly understood?: string | undefined;
}

/** What should be heard in each of the clips. */
export interface Spoken {
  readonly said: string;
  readonly made: SoundContent;
  readonly truth: SoundContent;
  readonly inTwo?: SoundContent | undefined;
}

export interface Cell {
  readonly from: string;
  readonly to: string;
  /** What is asked, of what, in which language. */
  readonly title: string;
  /** What counts as right. */
  readonly measure: string;
  readonly count: number;
  attempt(item: number): Promise<Trial>;
}

export interface Share {
  readonly hits: number;
  readonly n: number;
}

export interface Row {
  readonly cell: Cell;
  readonly trials: readonly Trial[];
  readonly score: Share;
  readonly interval: readonly [low: number, high: number];
  readonly ceiling: Share | undefined;
  readonly twoSteps: Share | undefined;
  readonly named: Share | undefined;
  /** Word error rates. */
  readonly wordErrors: number | undefined;
  readonly ceilingWordErrors: number | undefined;
  /** Where the outside recogniser has judged: what our own speech judge says, and says of the truth. */
  readonly own: Share | undefined;
  readonly ownCeiling: Share | undefined;
  /** Of an item, judging and two-step routes included. */
  readonly seconds: number;
}

export function rowOf(
  cell: Cell,
  trials: readonly Trial[],
  /** The same trials by our own speech judge, where these are by the outside recogniser. */
  own: readonly Trial[] | undefined,
  seconds: number,
): Row {
  const score = share(trials.map((trial) => trial.right))!;
  return {
    cell,
    trials,
    score,
    interval: wilson(score.hits, score.n),
    ceiling: share(trials.map((trial) => trial.ceiling)),
    twoSteps: share(trials.map((trial) => trial.twoSteps)),
    named: share(trials.map((trial) => trial.named)),
    wordErrors: rate(trials.map((trial) => trial.words)),
    ceilingWordErrors: rate(trials.map((trial) => trial.ceilingWords)),
    own: own && share(own.map((trial) => trial.right)),
    ownCeiling: own && share(own.map((trial) => trial.ceiling)),
    seconds,
  };
}

/** Undefined if nothing was answered. */
export function share(answers: readonly (boolean | undefined)[]): Share | undefined {
  const known = answers.filter((answer) => answer !== undefined);
  return known.length === 0 ? undefined : { hits: known.filter(Boolean).length, n: known.length };
}

/** Errors of all sentences per word of all sentences. */
export function rate(errors: readonly (WordErrors | undefined)[]): number | undefined {
  const known = errors.filter((error) => error !== undefined);
  const words = known.reduce((sum, error) => sum + error.words, 0);
  return words === 0 ? undefined : known.reduce((sum, error) => sum + error.errors, 0) / words;
}
