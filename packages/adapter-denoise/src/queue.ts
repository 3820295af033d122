/**
 * Which patches take a step now. They enter one after the other, `delay` ticks apart, and then take one step a tick,
 * all in one call: the rolling schedule. Bounded; knows nothing of pixels.
 */
import { entryTick } from './schedule.ts';

export interface Queue<T> {
  /** Entries that wait or are under way. */
  readonly length: number;
  add(item: T): void;
  /** Next tick: what takes a step, at most `limit`. What is no longer `wanted` leaves. Empty: nothing to do. */
  tick(wanted: (item: T) => boolean): readonly T[];
  /** Takes out what is done. */
  remove(item: T): void;
}

export function createQueue<T>(delay: number, limit: number): Queue<T> {
  let clock = 0;
  /** Of a stretch without a pause: the tick it began at, and how many have come since. */
  let began = 0;
  let entered = 0;
  let waiting: { item: T; start: number }[] = [];
  let active: T[] = [];
  return {
    get length() {
      return waiting.length + active.length;
    },
    add(item) {
      if (began + entryTick(entered, delay) < clock) [began, entered] = [clock, 0];
      waiting.push({ item, start: began + entryTick(entered++, delay) });
    },
    tick(wanted) {
      active = active.filter(wanted);
      waiting = waiting.filter(({ item }) => wanted(item));
      if (active.length === 0 && waiting[0] !== undefined) clock = Math.max(clock, waiting[0].start);
      while (active.length < limit && waiting[0] !== undefined && waiting[0].start <= clock) {
        active.push(waiting.shift()!.item);
      }
      clock++;
      return [...active];
    },
    remove(item) {
      active = active.filter((each) => each !== item);
    },
  };
}
