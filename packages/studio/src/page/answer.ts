/**
 * One answer in the feed: the prompt it was asked with, its segments in order as they come, and how fast it was.
 */
import type { Generation } from '@any-to-any/client';
import type { Event, ImageContent } from '@any-to-any/core';
import { AnyToAnyError } from '@any-to-any/core/wire';
import { element, icon, icons } from './dom.ts';
import { showFailure } from './failure.ts';
import type { Attachment } from './files.ts';
import { label, live, say } from './language.ts';
import { announce } from './notice.ts';
import { createPictureView } from './picture-view.ts';
import { createSoundView } from './sound-view.ts';
import { createTextView } from './text-view.ts';

/** What shows one segment. */
export interface SegmentView {
  readonly root: HTMLElement;
  /** Nothing of it has come. */
  readonly empty: boolean;
  take(event: Event): void;
  /** What is worth saying of it beside the answer's own figures. */
  summary(): readonly string[];
  /** Ends what goes on by itself, such as sound. */
  close?(): void;
}

export interface Question {
  readonly text: string;
  readonly attachments: readonly Pick<Attachment, 'name' | 'modality' | 'preview'>[];
  readonly seed: number;
}

export interface Answer {
  readonly root: HTMLElement;
  /** Shows everything that comes; resolves at the end, false if it failed. Never throws. */
  show(generation: Generation): Promise<boolean>;
}

export interface AnswerActions {
  readonly use: (content: ImageContent) => void;
  /** Puts the words of the prompt back where they were written. */
  readonly edit: (text: string) => void;
}

/** Shares of the whole at which progress is read out. */
const quarter = 0.25;

export function createAnswer(question: Question, { use, edit }: AnswerActions): Answer {
  const segments = element('div', { class: 'segments' });
  const bar = element('progress', { max: 1, 'data-name': 'progress', 'aria-label': say('progress') });
  const views: SegmentView[] = [];
  let figures = (): readonly string[] => [say('seedWas', { seed: question.seed })];
  const footer = live(element('footer', { class: 'figures' }), () => figures().join(' · '));
  const root = element(
    'article',
    { class: 'answer', 'aria-busy': 'true' },
    askedWith(question, edit),
    segments,
    bar,
    footer,
  );
  root.dataset['state'] = 'running';
  root.dataset['seed'] = String(question.seed);

  async function show(generation: Generation): Promise<boolean> {
    const began = performance.now();
    const clock = (): number => performance.now() - began;
    let rate = 0;
    let said = 0;
    const sayHowFar = (share: number): void => {
      // From one segment to the next it begins anew.
      if (share < said) said = 0;
      if (share < said + quarter || share >= 1) return;
      said = share - (share % quarter);
      announce(say('percent', { share: 100 * said }));
    };
    const refresh = (): void => {
      footer.textContent = figures().join(' · ');
    };
    const seconds = (): string => (clock() / 1000).toFixed(2);
    figures = () => [say('perSecond', { rate: Math.round(rate) }), say('seedWas', { seed: question.seed })];
    try {
      for await (const event of generation) {
        if (event.type === 'finish') break;
        if (event.type === 'segment-start') views.push(begin(event.modality, clock));
        if (event.type === 'progress') {
          rate = event.rate;
          if (event.total === undefined) bar.removeAttribute('value');
          else bar.value = event.done / event.total;
          sayHowFar(event.total === undefined ? 0 : event.done / event.total);
          root.dataset['rate'] = rate.toFixed(1);
          refresh();
        }
        views[event.segment]?.take(event);
      }
      const took = seconds();
      const last = rate;
      figures = () => [
        ...views.flatMap((view) => view.summary()),
        say('took', { time: took }),
        say('perSecond', { rate: Math.round(last) }),
        say('seedWas', { seed: question.seed }),
      ];
      root.dataset['state'] = 'done';
      announce(say('doneIn', { time: took }));
      return true;
    } catch (error) {
      return fail(error);
    } finally {
      bar.remove();
      root.setAttribute('aria-busy', 'false');
      refresh();
    }
  }

  function begin(modality: string, clock: () => number): SegmentView {
    const view = viewFor(modality, clock);
    view.root.dataset['modality'] = modality;
    segments.append(view.root);
    return view;
  }

  function viewFor(modality: string, clock: () => number): SegmentView {
    if (modality === 'image') return createPictureView({ subject: question.text, use, clock });
    return modality === 'audio' ? createSoundView() : createTextView();
  }

  /** False unless the reader wanted it so. */
  function fail(error: unknown): boolean {
    for (const view of views) {
      view.close?.();
      if (view.empty) view.root.remove();
    }
    const stopped = AnyToAnyError.is(error, 'ABORTED');
    root.dataset['state'] = stopped ? 'stopped' : 'failed';
    figures = () => [...(stopped ? [say('stopped')] : []), say('seedWas', { seed: question.seed })];
    if (stopped) announce(say('stopped'));
    else segments.append(showFailure(error));
    return stopped;
  }

  return { root, show };
}

function askedWith({ text, attachments }: Question, edit: (text: string) => void): HTMLElement {
  const things = attachments.map(({ modality, preview, name }) =>
    modality === 'image'
      ? element('img', { src: preview, alt: name })
      : element('audio', { src: preview, controls: true }),
  );
  if (text === '') return element('header', { class: 'question' }, ...things);
  const again = element(
    'button',
    { type: 'button', class: 'icon-button edit', onclick: () => edit(text) },
    icon(icons.edit),
  );
  label(again, 'edit');
  const words = element(
    'div',
    { class: 'words' },
    again,
    element('p', {}, element('span', { class: 'beginning' }, text)),
  );
  return element('header', { class: 'question' }, ...things, words);
}
