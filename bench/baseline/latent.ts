/** The baseline's way: words → latents with less and less noise → one picture, or one after each step. */
import { type ImageDelta, openBundle, openDevice } from '@any-to-any/core';
import { readPlan } from '../diffusion/lower/lower.ts';
import { openBaseline } from '../diffusion/open.ts';
import type { Open } from './autoregressive.ts';
import type { Path, Seen, Task } from './path.ts';

export async function openLatent(
  { model, graphs, weights }: Task,
  { steps, previews }: Path & { kind: 'latent' },
): Promise<Open> {
  const device = await openDevice();
  const bundle = await openBundle(model);
  const baseline = await openBaseline({ plan: await readPlan(weights), paths: graphs, bundle }, device);
  return {
    async draw(words, seed) {
      const began = performance.now();
      const seen: Seen[] = [];
      for await (const { width, height, data } of baseline.draw(words, { seed, steps, previews })) {
        const rectangle = { x: 0, y: 0, width, height };
        const delta: ImageDelta = {
          modality: 'image',
          width,
          height,
          rectangle,
          data,
          revision: seen.length,
          sigma: 0,
        };
        seen.push({ at: performance.now() - began, delta });
      }
      return { seen, total: performance.now() - began, work: { prefilled: 0, generated: steps } };
    },
    async close() {
      baseline.close();
      device.close();
    },
  };
}
