/**
 * Events → what the display shows: progress and the growing picture or sound of a segment, then one line for the whole.
 */
import type { Delta, Event, ImageDelta, SoundDelta } from '@any-to-any/core';
import type { Display } from '../../terminal/display.ts';

/** `textShows`: text already appears on the terminal as it comes, so it needs no progress line of its own. */
export function createReporter(display: Display, textShows: boolean): (event: Event, file?: string) => void {
  let modality = '';
  return (event, file) => {
    const hidden = textShows && modality === 'text';
    if (event.type === 'segment-start') modality = event.modality;
    if (event.type === 'progress' && !hidden) {
      const { done, total } = event;
      // The first id costs nothing: the prompt has paid for it.
      display.progress({ label: modality, unit: 'ids', done, total, rate: done > 1 ? event.rate : 0 });
    }
    if (event.type === 'segment-delta' && isPatch(event.delta)) display.patch(event.delta);
    if (event.type === 'segment-delta' && isSound(event.delta)) display.sound(event.delta);
    if (event.type === 'segment-end' && !hidden) display.end();
    if (file) display.note(`wrote ${file}`);
    if (event.type === 'finish') {
      const { prefilled, generated, reused } = event.usage;
      display.note(
        `${prefilled} positions read, ${generated} ids made${reused > 0 ? `, ${reused} kept` : ''}`,
      );
    }
  };
}

function isPatch(delta: Delta): delta is ImageDelta {
  return delta.modality === 'image' && 'rectangle' in delta;
}

function isSound(delta: Delta): delta is SoundDelta {
  return delta.modality === 'audio' && 'samples' in delta;
}
