/**
 * Settings of the next answer. Empty fields leave the choice to the model, whose own values show as hints;
 * what a model has no use for is not shown.
 */
import type { ModalityOptions } from '@any-to-any/core';
import type { ModalityCard, Welcome } from '@any-to-any/core/wire';
import { element, icon, icons } from './dom.ts';
import { label } from './language.ts';
import { createRefining } from './refining.ts';
import type { Phrase } from './strings.ts';

export interface Settings {
  readonly root: HTMLElement;
  /** A seed: the reader's, or a new one. */
  seed(): number;
  /** Options by modality, for the modalities that are made. */
  options(makes: readonly string[]): Record<string, ModalityOptions>;
}

export type Made = readonly (readonly [modality: string, card: ModalityCard])[];

const numbers = [
  { name: 'guidance', least: 0, most: 100, step: 0.1 },
  { name: 'temperature', least: 0, most: 100, step: 0.05 },
  { name: 'topK', least: 0, most: 1_000_000, step: 1 },
  { name: 'maxIds', least: 1, most: 1_000_000, step: 1 },
] as const;

export function createSettings({ modalities }: Welcome): Settings {
  const made: Made = Object.entries(modalities).filter(([, card]) => card.makes);
  const seed = numberField({ least: 0, most: Number.MAX_SAFE_INTEGER, step: 1 });
  seed.setAttribute('data-hint', 'seedHint');
  const dice = element('button', { type: 'button', class: 'icon-button', onclick: roll }, icon(icons.dice));
  label(dice, 'newSeed');
  const fields = numbers.map((number) => {
    const field = numberField(number);
    field.placeholder = hintOf(made, number.name);
    return { name: number.name, field, takers: takersOf(made, number.name) };
  });
  const guidanceMode = choice([
    ['', 'usual'],
    ['distilled', 'distilled'],
    ['two-row', 'twoRow'],
  ]);
  const guided = new Set(made.flatMap(([modality, { guides }]) => (guides.length > 0 ? [modality] : [])));
  const voices = made.flatMap(([modality, { voices }]) => {
    const named = Object.entries(voices).map(([name, say]) => [name, { say }] as const);
    return named.length === 0 ? [] : [{ modality, field: choice([['', 'usual'], ...named]) }];
  });
  const refining = createRefining(made);
  const rows = [
    row('seed', seed, dice),
    ...fields.map(({ name, field }) => row(name, field)),
    ...(guided.size > 0 ? [row('guidanceMode', guidanceMode)] : []),
    ...voices.map(({ field }) => row('voice', field)),
    ...refining.rows,
  ];

  function roll(): void {
    seed.value = String(newSeed());
  }

  return {
    root: element('div', { class: 'settings' }, ...rows),
    seed: () => (seed.value === '' ? newSeed() : seed.valueAsNumber),
    options(makes) {
      const options: Record<string, ModalityOptions> = {};
      for (const modality of makes) {
        const own: Record<string, unknown> = { ...refining.options(modality) };
        for (const { name, field, takers } of fields) {
          if (field.value !== '' && takers.has(modality)) own[name] = field.valueAsNumber;
        }
        if (guidanceMode.value !== '' && guided.has(modality)) own['guidanceMode'] = guidanceMode.value;
        const voice = voices.find((one) => one.modality === modality)?.field.value;
        if (voice) own['voice'] = voice;
        if (Object.keys(own).length > 0) options[modality] = own;
      }
      return options;
    },
  };
}

const newSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000;

/** Modalities that a number is for: those for which the model has one of its own, or all if it has none. */
function takersOf(made: Made, name: string): ReadonlySet<string> {
  const own = made.filter(([, { defaults }]) => defaults[name] !== undefined);
  return new Set((own.length > 0 ? own : made).map(([modality]) => modality));
}

/** The model's own values: `1.5`, or `0.6 / 0` where its modalities differ. */
function hintOf(made: Made, name: string): string {
  const values = made.map(([, { defaults }]) => defaults[name]).filter((value) => value !== undefined);
  return [...new Set(values)].join(' / ');
}

/** A labelled field, and what stands beside it. */
export function row(phrase: Phrase, field: HTMLElement, ...beside: readonly HTMLElement[]): HTMLElement {
  field.id = `setting-${phrase}`;
  return element(
    'div',
    { class: 'setting' },
    element('label', { for: field.id, 'data-text': phrase }),
    element('div', { class: 'field' }, field, ...beside),
  );
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly step: number;
}

export function numberField({ least, most, step }: Bounds): HTMLInputElement {
  return element('input', { type: 'number', min: least, max: most, step, inputmode: 'decimal' });
}

/** Value → what it says: a phrase of the page, or, marked by `say`, words of the model. */
export function choice(
  entries: readonly (readonly [string, Phrase | { readonly say: string }])[],
): HTMLSelectElement {
  const options = entries.map(([value, words]) =>
    typeof words === 'string'
      ? element('option', { value, 'data-text': words }, words)
      : element('option', { value }, words.say),
  );
  return element('select', {}, ...options);
}
