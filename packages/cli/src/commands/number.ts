/**
 * Numbers of the command line. What is not one is wrong use, told before anything is opened.
 */
import { InvalidArgumentError } from 'commander';

export interface Range {
  readonly least: number;
  readonly most?: number | undefined;
  readonly whole?: boolean | undefined;
}

/** A parser for commander: `numberIn({ least: 0, whole: true })('7')` → 7. */
export function numberIn({
  least,
  most = Number.MAX_SAFE_INTEGER,
  whole = false,
}: Range): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= least && value <= most && (!whole || Number.isSafeInteger(value))) return value;
    const kind = whole ? 'a whole number' : 'a number';
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be ${kind} ${range}.`);
  };
}
