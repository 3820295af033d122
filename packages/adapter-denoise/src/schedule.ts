/**
 * How much noise is left after each step, and which patch is at which step when. Pure arithmetic.
 * Log-linear and Karras et al. 2022 (arXiv 2206.00364, equation 5); rolling after Ruhe et al. 2024 (arXiv 2402.09470).
 */

/** `steps` levels that fall from `from` to `to`; the last step ends at 0. Noise is in units of pixels in −1…1. */
export type SigmaSchedule = LogLinearSchedule | KarrasSchedule;

/** Every level is the same share of the one before. */
export interface LogLinearSchedule {
  readonly kind: 'log-linear';
  readonly from: number;
  readonly to: number;
  readonly steps: number;
}

/** The larger `rho`, the more steps at little noise; 7 is usual, 1 is linear. */
export interface KarrasSchedule {
  readonly kind: 'karras';
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly rho: number;
}

/**
 * The level at which each step begins, and 0 at which the last one ends: `steps + 1` numbers.
 * log-linear from 0.5 to 0.005 in 3 steps → 0.5, 0.05, 0.005, 0.
 */
export function sigmasOf(schedule: SigmaSchedule): readonly number[] {
  const { from, to, steps } = schedule;
  const levels = Array.from({ length: steps }, (_, step) => {
    const share = steps > 1 ? step / (steps - 1) : 0;
    if (schedule.kind === 'log-linear') return from * (to / from) ** share;
    const root = 1 / schedule.rho;
    return (from ** root + share * (to ** root - from ** root)) ** schedule.rho;
  });
  return [...levels, 0];
}

/**
 * The tick at which the `index`th patch takes its first step. `delay` is the ticks between two patches:
 * 0: all at once. As many as there are steps: one patch after the other. 0.25: four enter together.
 */
export function entryTick(index: number, delay: number): number {
  return Math.floor(index * delay);
}

/**
 * What is left of the noise of `count` patches when the clock shows `tick`: it depends on time and patch together.
 * Levels 0.5, 0.1, 0 and delay 1, at tick 2 → 0, 0.1, 0.5, 0.5.
 */
export function rollingSigmas(
  levels: readonly number[],
  delay: number,
  tick: number,
  count: number,
): number[] {
  const steps = levels.length - 1;
  return Array.from({ length: count }, (_, index) => {
    const done = Math.min(Math.max(tick - entryTick(index, delay), 0), steps);
    return levels[done]!;
  });
}
