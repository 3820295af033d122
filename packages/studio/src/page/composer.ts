/**
 * The composer: prompt, attachments, what to make, settings, and the button that begins or stops.
 */
import type { Ask } from '@any-to-any/client';
import type { ImageContent } from '@any-to-any/core';
import type { Welcome } from '@any-to-any/core/wire';
import type { Question } from './answer.ts';
import { createAttachments } from './attachments.ts';
import { element, icon, icons } from './dom.ts';
import { label, translate } from './language.ts';
import { createSettings } from './settings.ts';
import { createTargets } from './targets.ts';

export interface Composer {
  readonly root: HTMLElement;
  readonly prompt: HTMLTextAreaElement;
  addPicture(content: ImageContent): void;
  /** Puts a text where prompts are written. */
  edit(text: string): void;
  /** Asks at once, unless something is running. */
  ask(text: string, to: readonly string[]): void;
  /** False if they were not open. */
  closeSettings(): boolean;
  setRunning(running: boolean): void;
}

export interface ComposerActions {
  begin(ask: Ask, question: Question): void;
  stop(): void;
}

export function createComposer(welcome: Welcome, { begin, stop }: ComposerActions): Composer {
  const makes = Object.entries(welcome.modalities).flatMap(([name, { makes }]) => (makes ? [name] : []));
  const prompt = element('textarea', {
    rows: 1,
    'data-hint': 'prompt',
    'data-name': 'promptLabel',
    oninput: grow,
  });
  const targets = createTargets(makes);
  const settings = createSettings(welcome);
  const attachments = createAttachments(welcome, suggest);
  let running = false;

  const go = element('button', { type: 'submit', class: 'go' });
  const panel = element('div', { class: 'panel', id: 'settings', hidden: true }, settings.root);
  const more = element(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      'aria-expanded': 'false',
      'aria-controls': 'settings',
      onclick: toggleSettings,
    },
    icon(icons.settings),
  );
  label(more, 'settings');
  const root = element(
    'form',
    { class: 'composer', 'data-name': 'composer', onsubmit: submit },
    attachments.list,
    prompt,
    element('div', { class: 'row' }, ...attachments.buttons, targets.root, more, go),
    panel,
  );
  setRunning(false);

  function toggleSettings(): void {
    panel.hidden = !panel.hidden;
    more.setAttribute('aria-expanded', String(!panel.hidden));
  }

  function closeSettings(): boolean {
    if (panel.hidden) return false;
    toggleSettings();
    more.focus();
    return true;
  }

  function edit(text: string): void {
    prompt.value = text;
    grow();
    prompt.focus();
  }

  function ask(text: string, to: readonly string[]): void {
    if (running) return;
    targets.pick(to);
    edit(text);
    root.requestSubmit();
  }

  /** As tall as its text. */
  function grow(): void {
    prompt.style.height = 'auto';
    prompt.style.height = `${Math.min(prompt.scrollHeight, 200)}px`;
    suggest();
  }

  /** A picture or a sound alone is to be described; words alone are to be drawn. */
  function suggest(): void {
    const alone = prompt.value.trim() === '' && attachments.items.length > 0;
    targets.suggest(alone ? ['text'] : [makes.includes('image') ? 'image' : (makes[0] ?? 'text')]);
  }

  function submit(event: Event): void {
    event.preventDefault();
    if (running) stop();
    else if (prompt.value.trim() === '' && attachments.items.length === 0) prompt.focus();
    else send(prompt.value.trim());
  }

  function send(text: string): void {
    const to = targets.chosen; // before the attachments go, which may suggest another
    const taken = attachments.take();
    const things = taken.map(({ content }) => content);
    const words = text === '' ? [] : [text];
    // Questions stand before what they ask about, instructions after what they change.
    const content = to[0] === 'text' ? [...words, ...things] : [...things, ...words];
    const seed = settings.seed();
    const options = settings.options(to.length > 0 ? [...new Set(to)] : makes);
    prompt.value = '';
    grow();
    begin({ content, seed, options, ...(to.length > 0 && { to }) }, { text, attachments: taken, seed });
  }

  function setRunning(next: boolean): void {
    running = next;
    go.replaceChildren(icon(next ? icons.stop : icons.send));
    go.classList.toggle('running', next);
    label(go, next ? 'stop' : 'run');
  }

  prompt.addEventListener('keydown', (event) => {
    // While a Korean syllable is being composed, Enter only ends it.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!running) root.requestSubmit();
  });
  translate(root);
  const addPicture = (content: ImageContent): void => void attachments.addPicture(content);
  return { root, prompt, addPicture, edit, ask, closeSettings, setRunning };
}
