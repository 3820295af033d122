/**
 * What to make: modalities in the order in which they are picked; none leaves it to the model.
 */
import { element } from './dom.ts';

export interface Targets {
  readonly root: HTMLElement;
  readonly chosen: readonly string[];
  /** Picks as the reader would. */
  pick(modalities: readonly string[]): void;
  /** Picks for the reader, unless they have picked themselves. */
  suggest(modalities: readonly string[]): void;
}

const named: ReadonlySet<string> = new Set(['text', 'image', 'audio']);

export function createTargets(makes: readonly string[]): Targets {
  let chosen: readonly string[] = [];
  let picked = false;
  const buttons = new Map(
    makes.map((modality) => {
      const words = element('span', named.has(modality) ? { 'data-text': modality } : {}, modality);
      const order = element('sup', { 'aria-hidden': 'true' });
      const button = element('button', { type: 'button', class: 'chip', onclick: toggle }, words, order);
      button.dataset['modality'] = modality;
      function toggle(): void {
        picked = true;
        choose(chosen.includes(modality) ? chosen.filter((one) => one !== modality) : [...chosen, modality]);
      }
      return [modality, { button, order }] as const;
    }),
  );
  const auto = element('button', { type: 'button', class: 'chip', 'data-text': 'auto', onclick: clear });
  const root = element(
    'div',
    { class: 'targets', role: 'group', 'data-name': 'make' },
    ...[...buttons.values()].map(({ button }) => button),
    auto,
  );

  function clear(): void {
    picked = true;
    choose([]);
  }

  function choose(next: readonly string[]): void {
    chosen = next;
    auto.setAttribute('aria-pressed', String(next.length === 0));
    for (const [modality, { button, order }] of buttons) {
      const place = next.indexOf(modality);
      button.setAttribute('aria-pressed', String(place >= 0));
      order.textContent = place >= 0 && next.length > 1 ? String(place + 1) : '';
    }
  }

  choose(makes.includes('image') ? ['image'] : makes.slice(0, 1));
  return {
    root,
    get chosen() {
      return chosen;
    },
    pick(modalities) {
      picked = true;
      choose(modalities);
    },
    suggest(modalities) {
      if (!picked && modalities.every((one) => makes.includes(one))) choose(modalities);
    },
  };
}
