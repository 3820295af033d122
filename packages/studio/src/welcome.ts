/**
 * The welcome of a server: what its pipeline can do, as data for clients.
 */
import type { Pipeline, SamplingDefaults } from '@any-to-any/core';
import type { ModalityCard, Welcome } from '@any-to-any/core/wire';

export interface ModelFacts {
  /** Defaults of the bundle, by modality. */
  readonly sampling?: Readonly<Record<string, SamplingDefaults>> | undefined;
  /** Names of adapters, by modality. */
  readonly adapters?: Readonly<Record<string, readonly string[]>> | undefined;
}

export function welcomeOf(pipeline: Pipeline, facts: ModelFacts, bytes: number): Welcome {
  const modalities = pipeline.space.regions.map(({ modality }): [string, ModalityCard] => [
    modality,
    {
      reads: true,
      makes: pipeline.generates.includes(modality),
      defaults: numbersOf(facts.sampling?.[modality] ?? {}),
      voices: voicesOf(pipeline, modality),
      adapters: facts.adapters?.[modality] ?? [],
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

const numbersOf = (options: object): Record<string, number> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => typeof value === 'number'));
