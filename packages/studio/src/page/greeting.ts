/** What stands there before the first answer: a question, and prompts to try, as far as the model can answer them. */
import type { Welcome } from '@any-to-any/core/wire';
import { element } from './dom.ts';
import { language, say } from './language.ts';
import { examples, isPhrase } from './strings.ts';

export function createGreeting(
  { modalities }: Welcome,
  ask: (text: string, to: readonly string[]) => void,
): HTMLElement {
  const tries = element('div', { class: 'tries' });
  const fill = (): void => {
    const possible = examples[language()].filter(({ to }) => to.every((one) => modalities[one]?.makes));
    tries.replaceChildren(
      ...possible.map(({ text, to }) => {
        const made = to.map((one) => (isPhrase(one) ? say(one) : one)).join(' + ');
        return element(
          'button',
          { type: 'button', class: 'chip try', onclick: () => ask(text, to) },
          element('span', {}, text),
          element('span', { class: 'made' }, `→ ${made}`),
        );
      }),
    );
  };
  fill();
  document.addEventListener('studio-language', fill);
  return element(
    'section',
    { class: 'greeting' },
    element('h2', { 'data-text': 'greeting' }),
    element('p', { class: 'quiet', 'data-text': 'greetingMore' }),
    tries,
  );
}
