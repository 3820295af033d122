/**
 * Attachments of the next prompt: dropped, pasted, picked, recorded, or taken from an answer.
 */

import { toPng } from '@any-to-any/client';
import type { ImageContent } from '@any-to-any/core';
import type { Welcome } from '@any-to-any/core/wire';
import { element, icon, icons } from './dom.ts';
import { type Attachment, modalityOf, readAttachment, Unreadable } from './files.ts';
import { label, say } from './language.ts';
import { type Recording, record } from './microphone.ts';
import { tell } from './notice.ts';

export interface Attachments {
  /** The list, and the buttons that add to it. */
  readonly list: HTMLElement;
  readonly buttons: readonly HTMLElement[];
  readonly items: readonly Attachment[];
  /** Hands over what was attached. */
  take(): readonly Attachment[];
  addPicture(content: ImageContent): Promise<void>;
}

/** Bytes of a message that are not the file. */
const slack = 100_000;

export function createAttachments({ modalities, limits }: Welcome, changed: () => void): Attachments {
  let items: readonly Attachment[] = [];
  const takes = (['image', 'audio'] as const).filter((modality) => modalities[modality]?.reads);
  const list = element('ul', { class: 'attachments' });

  function set(next: readonly Attachment[]): void {
    items = next;
    list.replaceChildren(...items.map(show));
    changed();
  }

  function show(attachment: Attachment): HTMLElement {
    const { modality, preview, name } = attachment;
    const thing =
      modality === 'image'
        ? element('img', { src: preview, alt: name })
        : element('audio', { src: preview, controls: true });
    const away = element(
      'button',
      { type: 'button', class: 'icon-button remove', onclick: remove },
      icon(icons.close),
    );
    away.setAttribute('aria-label', say('remove', { name }));
    function remove(): void {
      URL.revokeObjectURL(preview);
      set(items.filter((one) => one !== attachment));
    }
    return element('li', { 'data-modality': modality }, thing, away);
  }

  async function add(files: Iterable<Blob & { readonly name?: string }>): Promise<void> {
    // A copy: what was picked or dropped is taken back once the event is over.
    for (const file of [...files]) {
      const name = file.name || say(modalityOf(file) === 'audio' ? 'sound' : 'picture');
      const modality = modalityOf(file);
      if (modality && !takes.includes(modality)) tell(say('notTaken', { name }));
      else {
        try {
          set([...items, await readAttachment(file, name, limits.bytes - slack)]);
        } catch (error) {
          if (!(error instanceof Unreadable)) throw error;
          tell(say(error.phrase, { name, ...error.values }));
        }
      }
    }
  }

  const picker = element('input', {
    type: 'file',
    hidden: true,
    multiple: true,
    accept: takes.map((one) => `${one}/*`).join(),
    onchange: () => {
      void add(picker.files ?? []);
      picker.value = '';
    },
  });
  const pick = element(
    'button',
    { type: 'button', class: 'icon-button', onclick: () => picker.click() },
    icon(icons.attach),
  );
  label(pick, 'attach');

  addEventListener('paste', ({ clipboardData }) => void add(clipboardData?.files ?? []));
  listenForDrops(add);
  const buttons = takes.length > 0 ? [pick, picker] : [];
  return {
    list,
    buttons: takes.includes('audio') ? [...buttons, microphoneButton(add)] : buttons,
    get items() {
      return items;
    },
    take() {
      const taken = items;
      set([]);
      return taken;
    },
    async addPicture(content) {
      const preview = URL.createObjectURL(await toPng(content));
      const { width, height, data } = content;
      const copy = { modality: 'image', width, height, data: data.slice() } as const;
      set([...items, { name: say('picture'), modality: 'image', content: copy, preview }]);
    },
  };
}

/** The whole page takes drops; it shows so while something is held over it. */
function listenForDrops(add: (files: Iterable<File>) => Promise<void>): void {
  const zone = element('div', { class: 'drop-zone', hidden: true }, element('span', { 'data-text': 'drop' }));
  document.body.append(zone);
  addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    zone.hidden = false;
  });
  addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) zone.hidden = true;
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    zone.hidden = true;
    void add(event.dataTransfer?.files ?? []);
  });
}

function microphoneButton(add: (files: readonly Blob[]) => Promise<void>): HTMLElement {
  let recording: Recording | undefined;
  const button = element(
    'button',
    { type: 'button', class: 'icon-button', onclick: toggle },
    icon(icons.microphone),
  );
  const time = element('span', { class: 'recorded', 'aria-hidden': 'true' });
  label(button, 'record');

  async function toggle(): Promise<void> {
    const running = recording;
    recording = undefined;
    if (running) {
      button.classList.remove('recording');
      time.remove();
      label(button, 'record');
      await add([await running.stop()]);
      return;
    }
    try {
      time.textContent = say('seconds', { seconds: 0 });
      recording = await record((seconds) => {
        button.dataset['seconds'] = String(seconds);
        time.textContent = say('seconds', { seconds: Math.floor(seconds) });
      });
      button.append(time);
      button.classList.add('recording');
      label(button, 'recording');
    } catch (error) {
      tell(say('microphoneDenied', { why: error instanceof Error ? error.message : String(error) }));
    }
  }
  return button;
}
