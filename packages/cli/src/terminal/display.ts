/**
 * Display: what the work shows while it runs. A terminal gets one that redraws itself, everything else plain lines.
 * It only ever writes to stderr.
 */
import type { ImageDelta, SoundDelta } from '@any-to-any/core';
import type { Surroundings } from '../surroundings.ts';
import { liveDisplay } from './live.ts';
import { plainDisplay } from './plain.ts';
import type { Amount } from './progress.ts';

export interface Display {
  progress(amount: Amount): void;
  /** A piece of the picture that is being made. */
  patch(patch: ImageDelta): void;
  /** The next piece of the sound that is being made. */
  sound(delta: SoundDelta): void;
  /** What was shown is complete: leaves its last picture or waveform and one line about it. */
  end(): void;
  /** One line that stays. */
  note(line: string): void;
  /** Leaves the terminal as it was found; what is not complete is taken away. */
  close(): void;
}

export function openDisplay(surroundings: Surroundings): Display {
  const { isTTY, columns, rows } = surroundings.stderr;
  // Some terminals of build servers have no size; nothing can be redrawn there.
  return isTTY && columns && rows ? liveDisplay(surroundings) : plainDisplay(surroundings.stderr);
}
