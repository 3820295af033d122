/**
 * The language of the page: chosen once from the browser's, changed by the reader, kept on this device.
 * Elements name their phrase, so that a change reaches what is already there: `data-text` what they say, `data-label`
 * what they are called, also under the pointer, `data-name` what they are called, `data-hint` what to write.
 */
import { chooseLanguage, fill, type Language, type Phrase, phrases } from './strings.ts';

const key = 'any-to-any.language';

function stored(): Language | undefined {
  const value = localStorage.getItem(key);
  return value === 'en' || value === 'ko' ? value : undefined;
}

let current: Language = stored() ?? chooseLanguage(navigator.languages);

export const language = (): Language => current;

export function setLanguage(next: Language): void {
  current = next;
  localStorage.setItem(key, next);
  translate(document.documentElement);
  document.dispatchEvent(new CustomEvent('studio-language'));
}

export function say(phrase: Phrase, values: Readonly<Record<string, string | number>> = {}): string {
  return fill(phrases[current][phrase], values);
}

/** Gives everything below `root` that names a phrase its words. */
export function translate(root: Element): void {
  document.documentElement.lang = current;
  document.title = say('title');
  for (const [data, apply] of [
    ['text', (element: Element, words: string) => element.replaceChildren(words)],
    ['label', (element: Element, words: string) => setLabel(element, words)],
    ['name', (element: Element, words: string) => element.setAttribute('aria-label', words)],
    ['hint', (element: Element, words: string) => element.setAttribute('placeholder', words)],
  ] as const) {
    for (const element of [root, ...root.querySelectorAll(`[data-${data}]`)]) {
      const phrase = element.getAttribute(`data-${data}`);
      // Only phrases are ever written there.
      if (phrase) apply(element, say(phrase as Phrase));
    }
  }
}

function setLabel(element: Element, words: string): void {
  element.setAttribute('aria-label', words);
  element.setAttribute('title', words);
}

/** Names the phrase of an element's label, now and after changes. */
export function label(element: Element, phrase: Phrase): void {
  element.setAttribute('data-label', phrase);
  setLabel(element, say(phrase));
}

/** The element shows what `words` gives, also after the language has changed. */
export function live<T extends Element>(element: T, words: () => string): T {
  const update = (): void => {
    element.textContent = words();
  };
  update();
  document.addEventListener('studio-language', update);
  return element;
}
