/**
 * The welcome of a server: what its pipeline can do, as data for clients.
 */
import type { Pipeline } from '@any-to-any/core';
import type { AdapterCard, ModalityCard, Welcome } from '@any-to-any/core/wire';

export function welcomeOf(pipeline: Pipeline, bytes: number): Welcome {
  const modalities = pipeline.space.regions.map(({ modality }): [string, ModalityCard] => [
    modality,
    {
      reads: true,
      makes: pipeline.generates.includes(modality),
      defaults: numbersOf(pipeline.defaults[modality] ?? {}),
      guides: pipeline.guides[modality] ?? [],
      voices: voicesOf(pipeline, modality),
      adapters: adaptersOf(pipeline, modality),
    },
  ]);
  return {
    type: 'welcome',
    name: pipeline.name,
    modalities: Object.fromEntries(modalities),
    limits: { bytes },
  };
}

/** Name → what people read; the default first. */
function voicesOf({ voices }: Pipeline, modality: string): Record<string, string> {
  const own = Object.entries(voices[modality] ?? {});
  own.sort(([, a], [, b]) => Number(b.default ?? false) - Number(a.default ?? false));
  return Object.fromEntries(own.map(([name, { description, wording }]) => [name, description ?? wording]));
}

const adaptersOf = ({ adapters }: Pipeline, modality: string): AdapterCard[] =>
  (adapters[modality] ?? []).flatMap(({ name, choices }) => (choices ? [{ name, ...choices }] : []));

const numbersOf = (options: object): Record<string, number> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => typeof value === 'number'));
