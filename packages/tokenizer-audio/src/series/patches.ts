/**
 * Steps → patches, each brought to the same loudness. Pure; comes after `content.ts` and before the projection.
 */

export interface PatchOptions {
  readonly channels: number;
  /** Steps per patch. */
  readonly stride: number;
  /** Added to the mean square, in squared units of the data, so that silence is not divided by zero. */
  readonly epsilon: number;
}

/** Values that describe one patch: its own, and one for how loud it was. */
export function patchFeatures({ channels, stride }: Pick<PatchOptions, 'channels' | 'stride'>): number {
  return stride * channels + 1;
}

/**
 * `[steps, channels]` → `[⌈steps / stride⌉, stride * channels + 1]`. A patch is a row `x` of stride × channels values.
 * It becomes `x / r` with `r = √(mean(x²) + epsilon)` (RMSNorm, Zhang & Sennrich 2019, arXiv 1910.07467; its gain is
 * in `weights.ts`), followed by `ln r`. With a stride of 2, `[1, 7]` → `[0.2, 1.4, ln 5]`.
 *
 * Why `ln r` is kept: the norm makes a whisper look like a shout and a push like a blow, which is what recognising the
 * shape of a movement wants, and what judging its force must not lose. A logarithm, since loudness and force span
 * orders of magnitude and a factor becomes a difference, which a linear projection can use.
 *
 * If the steps do not fill the last patch, the last step is repeated: nothing is dropped, and zeros, which would look
 * like a blow that stops, are not invented.
 */
export function normalisePatches(data: Float32Array, options: PatchOptions): Float32Array {
  const { channels, stride, epsilon } = options;
  const size = stride * channels;
  const features = patchFeatures(options);
  const steps = data.length / channels;
  const patches = Math.ceil(steps / stride);
  const result = new Float32Array(patches * features);
  for (let patch = 0; patch < patches; patch++) {
    const row = result.subarray(patch * features, (patch + 1) * features);
    let squares = 0;
    for (let i = 0; i < size; i++) {
      const step = Math.min(patch * stride + Math.floor(i / channels), steps - 1);
      const value = data[step * channels + (i % channels)]!;
      row[i] = value;
      squares += value * value;
    }
    const loudness = Math.sqrt(squares / size + epsilon);
    for (let i = 0; i < size; i++) row[i] = row[i]! / loudness;
    row[size] = Math.log(loudness);
  }
  return result;
}
