/**
 * Deltas → work → refiner → deltas. One call of the refiner runs while the next delta is awaited; nothing new begins
 * while the consumer is busy, and nothing more is pulled while enough is ready. So a slow consumer slows the source.
 */
import { type Delta, type ImageDelta, throwIfAborted } from '@any-to-any/core';
import { isImageDelta } from './picture/delta.ts';
import type { Refiner } from './refiner.ts';
import type { Work } from './work.ts';

/** The work on one picture, as far as the flow knows it. */
export interface FlowWork {
  /** True: nobody should hand in more. */
  readonly isFull: boolean;
  /** Takes a patch and returns what is to be sent at once. */
  receive(delta: ImageDelta): readonly ImageDelta[];
  /** Nothing more comes. */
  end(): void;
  /** Begins what is due, one thing at a time; its end tells what is to be sent. Undefined: nothing is due. */
  begin(signal: AbortSignal): Promise<() => readonly ImageDelta[]> | undefined;
}

type Arrival =
  | { readonly kind: 'delta'; readonly result: IteratorResult<Delta> }
  | { readonly kind: 'refined'; readonly settle: () => readonly ImageDelta[] }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Throws what the source and the refiner throw, CONTENT_INVALID, ABORTED. */
export function refinePatches(
  source: AsyncIterable<Delta>,
  work: Work,
  refiner: Refiner,
  signal: AbortSignal | undefined,
): AsyncGenerator<Delta, void, undefined> {
  const begin: FlowWork['begin'] = (stopped) => {
    const batch = work.take();
    if (batch.patches.length === 0) return undefined;
    return refiner.refine(batch.patches, stopped).then((refined) => () => work.settle(batch, refined));
  };
  return flow(
    source,
    {
      get isFull() {
        return work.isFull;
      },
      receive: (delta) => work.receive(delta),
      end: () => work.end(),
      begin,
    },
    signal,
  );
}

/** Throws what the source and the work throw, ABORTED. */
export async function* flow(
  source: AsyncIterable<Delta>,
  work: FlowWork,
  signal: AbortSignal | undefined,
): AsyncGenerator<Delta, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const left = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
  let pulling: Promise<Arrival> | undefined;
  let running: Promise<Arrival> | undefined;
  let isEnded = false;
  let ready: readonly Delta[] = [];
  try {
    for (;;) {
      throwIfAborted(signal, 'refine');
      running ??= run(work, stopped);
      if (!isEnded && !work.isFull) pulling ??= pull(iterator);
      yield* ready;
      ready = [];
      const arriving = [running, pulling].filter((each) => each !== undefined);
      if (arriving.length === 0) return;
      const arrival = await Promise.race(arriving);
      if (arrival.kind === 'refined') {
        running = undefined;
        ready = arrival.settle();
      } else if (arrival.kind === 'delta') {
        pulling = undefined;
        isEnded = arrival.result.done === true;
        if (isEnded) work.end();
        else
          ready = isImageDelta(arrival.result.value)
            ? work.receive(arrival.result.value)
            : [arrival.result.value];
      } else {
        throwIfAborted(signal, 'refine');
        throw arrival.error;
      }
    }
  } finally {
    left.abort();
    await running;
    // What the source says of being left is of no more interest: either all is well, or something was thrown before.
    if (!isEnded) await iterator.return?.().catch(() => undefined);
  }
}

/** Undefined: nothing to do now. */
function run(work: FlowWork, signal: AbortSignal): Promise<Arrival> | undefined {
  return work.begin(signal)?.then((settle): Arrival => ({ kind: 'refined', settle }), failed);
}

function pull(iterator: AsyncIterator<Delta>): Promise<Arrival> {
  return iterator.next().then((result): Arrival => ({ kind: 'delta', result }), failed);
}

function failed(error: unknown): Arrival {
  return { kind: 'failed', error };
}
