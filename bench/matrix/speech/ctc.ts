/** Connectionist temporal classification (Graves et al. 2006): scores by frame → spelling. The last class is the blank. */

/** `[frames, classes]`, row-major. */
export interface Scores {
  readonly data: Float32Array;
  readonly frames: number;
  readonly classes: number;
}

/** The likeliest class of every frame, repeats merged, blanks dropped. */
export function spell({ data, frames, classes }: Scores): number[] {
  const blank = classes - 1;
  const out: number[] = [];
  let before = blank;
  for (let frame = 0; frame < frames; frame++) {
    let now = 0;
    for (let i = 1; i < classes; i++) if (data[frame * classes + i]! > data[frame * classes + now]!) now = i;
    if (now !== before && now !== blank) out.push(now);
    before = now;
  }
  return out;
}

/** Natural logarithm of the probability that the scores spell `spelling`, over all ways to lie in time. */
export function logLikelihood({ data, frames, classes }: Scores, spelling: readonly number[]): number {
  const blank = classes - 1;
  const states = [blank, ...spelling.flatMap((one) => [one, blank])];
  let now = states.map((_, state) => (state < 2 ? 0 : Number.NEGATIVE_INFINITY));
  for (let frame = 0; frame < frames; frame++) {
    const row = data.subarray(frame * classes, (frame + 1) * classes);
    const total = logSum(row);
    const before = now;
    now = states.map((one, state) => {
      // The first frame begins in one of the first two states; later ones stay, step on, or skip a blank.
      const skips = state > 1 && one !== blank && one !== states[state - 2];
      const from =
        frame === 0
          ? before[state]!
          : logSum([before[state]!, before[state - 1] ?? -Infinity, skips ? before[state - 2]! : -Infinity]);
      return from + row[one]! - total;
    });
  }
  return logSum(now.slice(-2));
}

function logSum(values: ArrayLike<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i]!);
  if (most === Number.NEGATIVE_INFINITY) return most;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i]! - most);
  return most + Math.log(sum);
}
