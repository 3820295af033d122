/**
 * What `preprocessor_config.json` of a checkpoint says of the pixels its vision tower was trained on.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { checkpointInvalid } from '../../safetensors/invalid.ts';

const three = z.tuple([z.number(), z.number(), z.number()]);
const side = z.int().positive();
const schema = z.looseObject({
  image_mean: three.nullish(),
  image_std: three.nullish(),
  resample: z.int().nullish(),
  size: z.union([side, z.looseObject({ height: side.nullish(), width: side.nullish() })]).nullish(),
  max_image_tiles: side.nullish(),
});

/** Filters by their numbers in Pillow. */
const kernels: Readonly<Record<number, 'bilinear' | 'bicubic'>> = { 2: 'bilinear', 3: 'bicubic' };

export interface PixelOptions {
  readonly kernel: 'bilinear' | 'bicubic';
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** How the checkpoint's pictures are scaled and normalised: what its file says, else CLIP's numbers and `kernel`. */
export async function readPixelOptions(
  directory: string,
  expected: { readonly side: number; readonly tiles?: number },
  kernel: PixelOptions['kernel'],
): Promise<PixelOptions> {
  const path = join(directory, 'preprocessor_config.json');
  const text = await readFile(path, 'utf8').catch(() => '{}'); // the file is optional
  const fail = (field: string, wanted: unknown, found: unknown): never => {
    throw checkpointInvalid(
      path,
      `${field}: expected ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}.`,
    );
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw checkpointInvalid(path, 'expected JSON, found something else.', { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw checkpointInvalid(path, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`);
  }
  const { image_mean: mean, image_std: deviation, resample, size, max_image_tiles: tiles } = parsed.data;
  const sides = typeof size === 'number' ? [size] : [size?.height, size?.width];
  if (sides.some((one) => one != null && one !== expected.side)) fail('size', expected.side, size);
  if (expected.tiles !== undefined && tiles != null && tiles !== expected.tiles) {
    fail('max_image_tiles', expected.tiles, tiles);
  }
  if (resample != null && kernels[resample] === undefined) {
    fail('resample', '2 (bilinear) or 3 (bicubic)', resample);
  }
  return {
    kernel: resample == null ? kernel : kernels[resample]!,
    mean: mean ?? [0.48145466, 0.4578275, 0.40821073],
    deviation: deviation ?? [0.26862954, 0.26130258, 0.27577711],
  };
}
