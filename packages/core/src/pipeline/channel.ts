/**
 * Channel: lets a producer that awaits `emit` feed an async iterable, with bounded buffering.
 * Leaving the loop aborts the producer and waits until it has cleaned up.
 */
import { aborted } from '../errors.ts';

export type Emit<T> = (item: T) => Promise<void>;

/** Items a producer may be ahead of its consumer. */
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
  let wakeProducer = (): void => {};
  let outcome: { error?: unknown } | undefined;
  stop.signal.addEventListener('abort', () => wakeProducer());

  const emit: Emit<T> = async (item) => {
    if (stop.signal.aborted) throw aborted(stop.signal, 'streaming');
    items.push(item);
    wakeConsumer();
    if (items.length >= ahead) {
      await new Promise<void>((resolve) => {
        wakeProducer = resolve;
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
        if (items.length < ahead) wakeProducer();
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
