/**
 * Settings of the next answer. Empty fields leave the choice to the model, whose own values show as hints;
 * what a model has no use for is not shown.
 */
import type { ModalityOptions } from '@any-to-any/core';
import type { Welcome } from '@any-to-any/core/wire';
import { element, icon, icons } from './dom.ts';
import { label } from './language.ts';
import type { Phrase } from './strings.ts';

export interface Settings {
  readonly root: HTMLElement;
  /** A seed: the reader's, or a new one. */
  seed(): number;
  /** Options by modality, for the modalities that are made. */
  options(makes: readonly string[]): Record<string, ModalityOptions>;
}

const numbers = [
  { name: 'guidance', least: 0, most: 100, step: 0.1 },
  { name: 'temperature', least: 0, most: 100, step: 0.05 },
  { name: 'topK', least: 0, most: 1_000_000, step: 1 },
  { name: 'maxIds', least: 1, most: 1_000_000, step: 1 },
] as const;

type NumberName = (typeof numbers)[number]['name'];

export function createSettings({ modalities }: Welcome): Settings {
  const made = Object.entries(modalities).filter(([, card]) => card.makes);
  const fields = new Map<NumberName, HTMLInputElement>();
  const seed = numberField({ least: 0, most: Number.MAX_SAFE_INTEGER, step: 1 });
  seed.setAttribute('data-hint', 'seedHint');
  const dice = element('button', { type: 'button', class: 'icon-button', onclick: roll }, icon(icons.dice));
  label(dice, 'newSeed');
  const rows = [row('seed', seed, dice)];
  for (const number of numbers) {
    const field = numberField(number);
    field.placeholder = hintOf(made, number.name);
    fields.set(number.name, field);
    rows.push(row(number.name, field));
  }
  const voices = made.flatMap(([modality, { voices }]) => {
    const named = Object.entries(voices).map(([name, say]) => [name, { say }] as const);
    return named.length === 0 ? [] : [{ modality, field: choice([['', 'usual'], ...named]) }];
  });
  for (const { field } of voices) rows.push(row('voice', field));
  const refined = made.flatMap(([modality, { adapters }]) => (adapters.length > 0 ? [modality] : []));
  const refine = choice([
    ['', 'refined'],
    ['false', 'plain'],
  ]);
  const times = [1, 2, 4].map((scale) => [String(scale), { say: `${scale}×` }] as const);
  const upscale = choice([['', 'usual'], ...times]);
  if (refined.length > 0) rows.push(row('refine', refine));
  if (refined.includes('image')) rows.push(row('upscale', upscale));

  function roll(): void {
    seed.value = String(newSeed());
  }

  return {
    root: element('div', { class: 'settings' }, ...rows),
    seed: () => (seed.value === '' ? newSeed() : seed.valueAsNumber),
    options(makes) {
      const options: Record<string, ModalityOptions> = {};
      for (const modality of makes) {
        const own: Record<string, number | string | boolean> = {};
        for (const [name, field] of fields) if (field.value !== '') own[name] = field.valueAsNumber;
        const voice = voices.find((one) => one.modality === modality)?.field.value;
        if (voice) own['voice'] = voice;
        if (refined.includes(modality) && refine.value !== '') own['refine'] = false;
        if (modality === 'image' && upscale.value !== '') own['upscale'] = Number(upscale.value);
        if (Object.keys(own).length > 0) options[modality] = own;
      }
      return options;
    },
  };
}

const newSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000;

/** The model's own values: `1.5`, or `0.6 / 0` where its modalities differ. */
function hintOf(made: readonly (readonly [string, Welcome['modalities'][string]])[], name: string): string {
  const values = made.map(([, { defaults }]) => defaults[name]).filter((value) => value !== undefined);
  return [...new Set(values)].join(' / ');
}

function row(phrase: Phrase, ...fields: readonly HTMLElement[]): HTMLElement {
  return element(
    'label',
    { class: 'setting' },
    element('span', { 'data-text': phrase }),
    element('span', { class: 'field' }, ...fields),
  );
}

function numberField({ least, most, step }: { least: number; most: number; step: number }): HTMLInputElement {
  return element('input', { type: 'number', min: least, max: most, step, inputmode: 'decimal' });
}

/** Value → what it says: a phrase of the page, or, marked by `say`, words of the model. */
function choice(
  entries: readonly (readonly [string, Phrase | { readonly say: string }])[],
): HTMLSelectElement {
  const options = entries.map(([value, words]) =>
    typeof words === 'string'
      ? element('option', { value, 'data-text': words }, words)
      : element('option', { value }, words.say),
  );
  return element('select', {}, ...options);
}
