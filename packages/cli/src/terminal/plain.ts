/**
 * The display without a terminal: a line at every quarter and one at the end. Logs stay short, whatever the length.
 */
import type { Output } from '../surroundings.ts';
import type { Display } from './display.ts';
import { type Amount, progressLine, summaryLine } from './progress.ts';

export function plainDisplay(output: Output): Display {
  let last: Amount | undefined;
  let quarters = 0;
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
    end() {
      if (last) note(summaryLine(last));
      last = undefined;
      quarters = 0;
    },
    note,
    close() {},
  };
}
