/**
 * Which way a segment is guided: by its port's guide in one row, or by a second row. The guide is the usual way where
 * there is one that knows the scale; who asks for it where there is none, or beyond its scales, is refused.
 */
import type { GuideUse } from '../contract/engine.ts';
import { guides, outsideGuide } from '../decoder/guide.ts';
import { AnyToAnyError } from '../errors.ts';
import type { Machine } from './machine.ts';
import type { ModalityOptions } from './request.ts';

type GuidanceMachine = Pick<Machine, 'defaults' | 'guides'>;

/** `guide` is absent for two rows, and where nothing is guided. Throws OPTION_INVALID. */
export function guidanceOf(
  machine: GuidanceMachine,
  own: ModalityOptions,
  modality: string,
): { readonly guidance: number; readonly guide: GuideUse | undefined } {
  const defaults = machine.defaults[modality] ?? {};
  const scales = machine.guides[modality];
  const guidance = own.guidance ?? defaults.guidance ?? 1;
  if (own.guidanceMode === 'distilled') {
    if (!scales) throw withoutGuide(modality);
    if (!guides(scales, guidance)) throw outsideGuide(modality, scales, guidance);
  }
  const mode = own.guidanceMode ?? defaults.guidanceMode ?? 'distilled';
  const distilled = mode === 'distilled' && guidance !== 1 && scales && guides(scales, guidance);
  return { guidance, guide: distilled ? { port: modality, scale: guidance } : undefined };
}

function withoutGuide(modality: string): AnyToAnyError {
  return new AnyToAnyError(
    'OPTION_INVALID',
    `The model has no distilled guidance for ${modality}. Leave guidanceMode out, or ask for 'two-row'.`,
    { option: 'guidanceMode', modality },
  );
}
