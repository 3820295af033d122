/**
 * Which frames go through the graph together: the first ones alone, so that sound begins at once, later ones by fours,
 * which costs half as much. Counted from the first frame and never by the clock: matrix products of other sizes round
 * otherwise, and the same ids shall give the very same samples, however fast they come.
 */

const alone = 8;
const together = 4;

/** How many frames go together with the one of this index, which is the first of its group. */
export function groupSize(index: number): number {
  return index < alone ? 1 : together;
}

/**
 * Groups what a source gives, and lets it go on while the consumer is busy, at most `ahead` items. A group goes out
 * when it is full; the last one may be smaller. Ends, fails and stops with its source.
 */
export async function* inGroups<T>(
  source: AsyncIterable<T>,
  ahead = 16,
): AsyncGenerator<T[], void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const waiting: T[] = [];
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let wakeReader = (): void => {};
  let wakeConsumer = (): void => {};

  const read = async (): Promise<void> => {
    try {
      while (!ended) {
        const { done, value } = await iterator.next();
        if (done) break;
        waiting.push(value);
        wakeConsumer();
        if (waiting.length >= ahead && !ended) {
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
        }
      }
    } catch (error) {
      failure = { error };
    }
    ended = true;
    wakeConsumer();
  };
  const reading = read();
  try {
    for (let index = 0; ; ) {
      const size = groupSize(index);
      while (waiting.length < size && !ended) {
        await new Promise<void>((resolve) => {
          wakeConsumer = resolve;
        });
      }
      const group = waiting.splice(0, size);
      wakeReader();
      index += group.length;
      if (group.length > 0) yield group;
      else if (failure !== undefined) throw failure.error;
      else return;
    }
  } finally {
    ended = true;
    wakeReader();
    await iterator.return?.();
    await reading;
  }
}
