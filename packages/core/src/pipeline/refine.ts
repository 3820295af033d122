/**
 * Deltas → the adapters of their modality → deltas. Comes after a tokenizer's decode, before events.
 */
import type { AdaptOptions } from '../contract/adapter.ts';
import type { Delta } from '../contract/delta.ts';
import { AnyToAnyError } from '../errors.ts';
import type { Ports } from './ports.ts';
import type { ModalityOptions } from './request.ts';

/** Throws OPTION_INVALID if pictures should be enlarged, or refined in steps, and nothing does that. */
export async function refineDeltas(
  deltas: AsyncIterable<Delta>,
  ports: Ports,
  modality: string,
  { refine = true, upscale, steps }: ModalityOptions,
  options: AdaptOptions,
): Promise<AsyncIterable<Delta>> {
  const adapters = refine ? await ports.adapters(modality) : [];
  if (adapters.length === 0 && upscale !== undefined && upscale !== 1) {
    throw missing(
      `upscale is ${upscale}, but nothing enlarges ${modality} here`,
      'upscale',
      modality,
      refine,
    );
  }
  if (adapters.length === 0 && steps !== undefined) {
    throw missing(`steps is ${steps}, but nothing refines ${modality} here`, 'steps', modality, refine);
  }
  return adapters.reduce(
    (refined, adapter) => adapter.adapt(refined, { ...options, upscale, steps }),
    deltas,
  );
}

function missing(what: string, option: string, modality: string, refine: boolean): AnyToAnyError {
  const remedy = refine ? 'Use a bundle or a plugin with an adapter that does.' : 'Leave out refine: false.';
  return new AnyToAnyError('OPTION_INVALID', `options.${modality}: ${what}. ${remedy}`, { option });
}
