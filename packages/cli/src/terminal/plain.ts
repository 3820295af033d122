/**
 * The display without a terminal: a line at every quarter and one at the end. Logs stay short, whatever the length.
 */
import type { Output } from '../surroundings.ts';
import type { Display } from './display.ts';
import { type Amount, progressLine, soundLength, summaryLine } from './progress.ts';

export function plainDisplay(output: Output): Display {
  let last: Amount | undefined;
  let quarters = 0;
  let seconds = 0;
  const note = (line: string): void => {
    output.write(`${line}\n`);
  };
  return {
    progress(amount) {
      last = amount;
      if (amount.total === undefined || amount.done >= amount.total) return;
      const reached = Math.floor((4 * amount.done) / amount.total);
      if (reached > quarters) note(progressLine(amount));
      quarters = reached;
    },
    patch() {},
    sound({ samples, rate }) {
      seconds += samples.length / rate;
    },
    end() {
      if (last) note(`${summaryLine(last)}${seconds > 0 ? ` · ${soundLength(seconds)} of sound` : ''}`);
      last = undefined;
      seconds = 0;
      quarters = 0;
    },
    note,
    close() {},
  };
}
