/**
 * Settings of what refines pictures after they are decoded: whether, in how many steps, how large. Shown as far as
 * the model's adapters offer something.
 */
import type { ModalityOptions } from '@any-to-any/core';
import { choice, type Made, numberField, row } from './settings.ts';

export interface Refining {
  readonly rows: readonly HTMLElement[];
  options(modality: string): ModalityOptions;
}

const mostSteps = 100;

export function createRefining(made: Made): Refining {
  const offers = made.flatMap(([modality, { adapters }]) => adapters.map((one) => ({ modality, ...one })));
  const stepped = offers.find(({ steps }) => steps !== undefined);
  const enlarging = offers.find(({ upscale = [] }) => upscale.length > 1);
  const usual = enlarging?.upscale?.[0] ?? 1;

  const refine = choice([
    ['', 'refined'],
    ['false', 'plain'],
  ]);
  const steps = numberField({ least: 1, most: mostSteps, step: 1 });
  steps.placeholder = String(stepped?.steps ?? '');
  const sizes = [...(enlarging?.upscale ?? [])].sort((a, b) => a - b);
  const upscale = choice(
    sizes.map((times) => [times === usual ? '' : String(times), { say: `${times}×` }] as const),
  );
  upscale.value = '';
  const rows = [
    // Where pictures stay as they are unless asked otherwise, there is nothing to turn off.
    ...(stepped || usual !== 1 ? [row('refine', refine)] : []),
    ...(stepped ? [row('steps', steps)] : []),
    ...(enlarging ? [row('upscale', upscale)] : []),
  ];
  refine.addEventListener('change', () => {
    for (const field of [steps, upscale]) field.disabled = refine.value === 'false';
  });

  return {
    rows,
    options(modality) {
      if (!offers.some((offer) => offer.modality === modality)) return {};
      if (refine.value === 'false') return { refine: false };
      return {
        ...(stepped?.modality === modality && steps.value !== '' && { steps: steps.valueAsNumber }),
        ...(enlarging?.modality === modality && upscale.value !== '' && { upscale: scaleOf(upscale.value) }),
      };
    },
  };
}

/** What adapters offer is what requests take; what they do not, the pipeline refuses. */
const scaleOf = (value: string): NonNullable<ModalityOptions['upscale']> => Number(value) as 1 | 2 | 4;
