/** The top of the page: name, model, connection, language and colours. */
import type { ConnectionState } from '@any-to-any/client';
import { element, icon, icons } from './dom.ts';
import { label, language, live, say, setLanguage } from './language.ts';
import type { Language } from './strings.ts';
import { setTheme, theme, themes } from './theme.ts';

export interface Header {
  readonly root: HTMLElement;
  setModel(name: string): void;
  setState(state: ConnectionState): void;
}

export function createHeader(): Header {
  const model = element('span', { class: 'model quiet' });
  const dot = element('span', { class: 'dot', role: 'img' });
  const state = element('span', { class: 'state quiet' });
  const again = element('button', {
    type: 'button',
    class: 'text-button',
    'data-text': 'again',
    hidden: true,
  });
  again.addEventListener('click', () => location.reload());
  const words = element('button', { type: 'button', class: 'text-button language', onclick: switchLanguage });
  const other = (): Language => (language() === 'en' ? 'ko' : 'en');
  words.lang = other();
  live(words, () => (other() === 'ko' ? '한국어' : 'English'));
  const colours = element(
    'button',
    { type: 'button', class: 'icon-button theme', onclick: nextTheme },
    icon(icons.theme),
  );
  const root = element(
    'header',
    { class: 'top' },
    element('span', { class: 'mark', 'aria-hidden': 'true' }, ...[1, 2, 3, 4].map(() => element('i'))),
    element('h1', {}, 'any-to-any'),
    model,
    element('span', { class: 'spring' }),
    state,
    again,
    dot,
    words,
    colours,
  );
  showTheme();
  document.addEventListener('studio-language', showTheme);

  function switchLanguage(): void {
    setLanguage(other());
    words.lang = other();
  }

  function nextTheme(): void {
    setTheme(themes[(themes.indexOf(theme()) + 1) % themes.length]!);
    showTheme();
  }

  function showTheme(): void {
    const said = `${say('theme')}: ${say(`theme-${theme()}`)}`;
    colours.title = said;
    colours.setAttribute('aria-label', said);
  }

  return {
    root,
    setModel(name) {
      model.textContent = name;
    },
    setState(next) {
      dot.dataset['state'] = next;
      label(dot, next);
      // What is as it should be needs no words.
      if (next === 'open') state.removeAttribute('data-text');
      else state.setAttribute('data-text', next);
      state.textContent = next === 'open' ? '' : say(next);
      again.hidden = next !== 'closed';
    },
  };
}
