/**
 * What reading the config of an image tokenizer on its own gives, whatever library wrote it.
 */
import { z } from 'zod';
import type { VqganNaming } from '../../blocks/vqgan-names.ts';
import type { VqPlan } from './graphs.ts';

export interface VqganConfig {
  readonly plan: VqPlan;
  readonly naming: VqganNaming;
  /** Rows and columns of ids of its pictures, the usual ones first. */
  readonly grids: readonly Grid[];
  /** What the file of weights is called without its ending. */
  readonly weights: string;
}

export type Grid = readonly [rows: number, columns: number];

const count = z.int().positive();

/** A field of our own, in any of them: grids of ids other than the square of the resolution it was trained at. */
export const gridsSchema = z
  .array(z.tuple([count, count]))
  .min(1)
  .optional();
