/** A text of the answer, by the character; read out once it is whole. */
import type { Event, TextDelta } from '@any-to-any/core';
import type { SegmentView } from './answer.ts';
import { element } from './dom.ts';
import { announce } from './notice.ts';

export function createTextView(): SegmentView {
  const root = element('p', { class: 'segment text-segment' });
  return {
    root,
    get empty() {
      return root.textContent === '';
    },
    take(event: Event) {
      // The segment's modality says so.
      if (event.type === 'segment-delta') root.append((event.delta as TextDelta).text);
      if (event.type === 'segment-end') announce(root.textContent);
    },
    summary: () => [],
  };
}
