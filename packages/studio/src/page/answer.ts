/**
 * One answer in the feed: the prompt it was asked with, its segments in order as they come, and how fast it was.
 */
import type { Generation } from '@any-to-any/client';
import type { Event, ImageContent } from '@any-to-any/core';
import { AnyToAnyError } from '@any-to-any/core/wire';
import { element } from './dom.ts';
import type { Attachment } from './files.ts';
import { live, say } from './language.ts';
import { createPictureView } from './picture-view.ts';
import { createSoundView } from './sound-view.ts';
import { createTextView } from './text-view.ts';

/** What shows one segment. */
export interface SegmentView {
  readonly root: HTMLElement;
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
  /** Shows everything that comes; resolves at the end, whichever it is. Never throws. */
  show(generation: Generation): Promise<void>;
}

export interface AnswerActions {
  readonly use: (content: ImageContent) => void;
}

export function createAnswer(question: Question, { use }: AnswerActions): Answer {
  const segments = element('div', { class: 'segments' });
  const bar = element('progress', { max: 1, 'data-label': 'run' });
  const views: SegmentView[] = [];
  let figures = (): readonly string[] => [say('seedWas', { seed: question.seed })];
  const footer = live(element('footer', { class: 'figures' }), () => figures().join(' · '));
  const root = element('article', { class: 'answer' }, askedWith(question), segments, bar, footer);
  root.dataset['state'] = 'running';
  root.dataset['seed'] = String(question.seed);

  async function show(generation: Generation): Promise<void> {
    const began = performance.now();
    const clock = (): number => performance.now() - began;
    let rate = 0;
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
    } catch (error) {
      fail(error);
    } finally {
      bar.remove();
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
    if (modality === 'image') return createPictureView({ use, clock });
    return modality === 'audio' ? createSoundView() : createTextView();
  }

  function fail(error: unknown): void {
    for (const view of views) view.close?.();
    const stopped = AnyToAnyError.is(error, 'ABORTED');
    root.dataset['state'] = stopped ? 'stopped' : 'failed';
    if (stopped) figures = () => [say('stopped'), say('seedWas', { seed: question.seed })];
    else {
      const words = error instanceof Error ? error.message : String(error);
      segments.append(element('p', { class: 'failure', role: 'alert' }, words));
    }
  }

  return { root, show };
}

function askedWith({ text, attachments }: Question): HTMLElement {
  const things = attachments.map(({ modality, preview, name }) =>
    modality === 'image'
      ? element('img', { src: preview, alt: name })
      : element('audio', { src: preview, controls: true }),
  );
  return element('header', { class: 'question' }, ...things, ...(text ? [element('p', {}, text)] : []));
}
