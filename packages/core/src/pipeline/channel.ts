/**
 * Channel: lets producers that await `emit` feed an async iterable, with bounded buffering. Several may wait at once:
 * with an adapter, progress is told on one side of it and patches on the other.
 * Leaving the loop aborts the producer and waits until it has cleaned up.
 */
import { aborted } from '../errors.ts';

export type Emit<T> = (item: T) => Promise<void>;

/** Items that may be ahead of the consumer, beside one of every producer. */
const ahead = 8;

export async function* channel<T>(
  produce: (emit: Emit<T>, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const items: T[] = [];
  let wakeConsumer = (): void => {};
  let waiting: (() => void)[] = [];
  const wakeProducers = (): void => {
    const all = waiting;
    waiting = [];
    for (const wake of all) wake();
  };
  let outcome: { error?: unknown } | undefined;
  stop.signal.addEventListener('abort', wakeProducers);

  const emit: Emit<T> = async (item) => {
    if (stop.signal.aborted) throw aborted(stop.signal, 'streaming');
    items.push(item);
    wakeConsumer();
    if (items.length >= ahead) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
      if (stop.signal.aborted) throw aborted(stop.signal, 'streaming');
    }
  };
  const work = produce(emit, stop.signal).then(
    () => {
      outcome = {};
      wakeConsumer();
    },
    (error: unknown) => {
      outcome = { error };
      wakeConsumer();
    },
  );
  try {
    for (;;) {
      const item = items.shift();
      if (item !== undefined) {
        if (items.length < ahead) wakeProducers();
        yield item;
      } else if (outcome) {
        if ('error' in outcome) throw outcome.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wakeConsumer = resolve;
        });
      }
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    stop.abort();
    await work;
  }
}
