/**
 * What `config.json` says of sound: the codec that makes ids, and the encoder that makes embeddings to read.
 */
import { z } from 'zod';

const count = z.int().positive();

export const soundCodecSchema = z.strictObject({
  kind: z.literal('sound-codec'),
  /** Of one codebook. */
  codes: count,
  /** The region has `codebooks * codes` ids. */
  codebooks: z.int().min(1).max(32),
  /** The order of the ids of several codebooks; absent: flattened. */
  arrangement: z.enum(['flattened', 'delayed']).optional(),
  codeWidth: count,
  encoderWidth: count,
  encoderBlocks: z.int().nonnegative(),
  decoderWidth: count,
  decoderBlocks: z.int().nonnegative(),
});

export const soundEncoderSchema = z.strictObject({
  kind: z.literal('sound'),
  /** Width and number of the blocks at 50 Hz. */
  fine: count,
  fineBlocks: z.int().nonnegative(),
  /** And at 12.5 Hz. */
  coarse: count,
  coarseBlocks: z.int().nonnegative(),
  /** Longest sound, seconds; absent: what the context holds. */
  longest: z.number().positive().optional(),
});

export type SoundCodecConfig = z.infer<typeof soundCodecSchema>;
export type SoundEncoderConfig = z.infer<typeof soundEncoderSchema>;

/** What is wrong with the codec of a modality of `size` ids on a layout of this kind; undefined: nothing. */
export function soundFault(
  { codes, codebooks }: SoundCodecConfig,
  size: number,
  layout: string,
): string | undefined {
  if (codebooks * codes !== size)
    return `expected a size of ${codebooks} × ${codes} = ${codebooks * codes}, found ${size}.`;
  return layout === 'line' ? undefined : `expected the layout of sound to be a line, found a ${layout}.`;
}
