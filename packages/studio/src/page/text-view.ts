/** A text of the answer, by the character. */
import type { Event, TextDelta } from '@any-to-any/core';
import type { SegmentView } from './answer.ts';
import { element } from './dom.ts';

export function createTextView(): SegmentView {
  const root = element('p', { class: 'segment text-segment', 'aria-live': 'polite' });
  return {
    root,
    take(event: Event) {
      // The segment's modality says so.
      if (event.type === 'segment-delta') root.append((event.delta as TextDelta).text);
    },
    summary: () => [],
  };
}
