/**
 * Which segments the model may still choose: one whose shape fixes its length must fit what is left of the context, or
 * a picture would break off in its midst.
 */

import type { Machine } from './machine.ts';
import { segmentOptions } from './options.ts';
import type { CheckedRequest } from './request.ts';

/** Of what the model generates, what still fits after `used` positions. Text has no length of its own: it always does. */
export async function fittingModalities(
  machine: Machine,
  request: CheckedRequest,
  used: number,
): Promise<string[]> {
  const { space, ports, engine, generates } = machine;
  const fits = await Promise.all(
    generates.map(async (modality) => {
      const tokenizer = await ports.tokenizer(modality);
      const shape = tokenizer.shape(segmentOptions(machine, request, modality).shape);
      const count = tokenizer.layout.count(shape);
      const { open, close } = space.region(modality);
      const marks = [open, close].filter((mark) => !space.isSilent(mark)).length;
      return count === undefined || used + marks + count <= engine.context;
    }),
  );
  return generates.filter((_, index) => fits[index]);
}
