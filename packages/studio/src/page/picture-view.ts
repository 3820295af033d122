/**
 * A picture of the answer: patches land on its canvas; noise, arrival times, saving and using it again on demand.
 */

import { createPainter, toPng } from '@any-to-any/client';
import type { Event, ImageContent, ImageDelta } from '@any-to-any/core';
import type { SegmentView } from './answer.ts';
import { element, icon, icons } from './dom.ts';
import { saveFile } from './files.ts';
import { label, live, say } from './language.ts';
import { createTimeline, type Place, placeOf } from './timeline.ts';
import { createTimelineView } from './timeline-view.ts';

export interface PictureActions {
  /** What it is a picture of, as far as the page knows. */
  readonly subject: string;
  /** Puts the picture into the next prompt. */
  readonly use: (content: ImageContent) => void;
  /** Milliseconds since the generation began. */
  readonly clock: () => number;
}

export function createPictureView({ subject, use, clock }: PictureActions): SegmentView {
  const canvas = element('canvas', { class: 'picture', width: 1, height: 1, role: 'img' });
  const name = (): string => (subject === '' ? say('image') : `${say('image')}: ${subject}`);
  canvas.setAttribute('aria-label', name());
  const noise = element('div', { class: 'noise', hidden: true, 'aria-hidden': 'true' });
  const spot = element('div', { class: 'spot', hidden: true, 'aria-hidden': 'true' });
  const painter = createPainter(canvas);
  const timeline = createTimeline();
  const chart = createTimelineView(timeline, (place) => {
    spot.hidden = place === undefined;
    if (place) lay(spot, place);
  });
  const size = live(element('span', { class: 'quiet' }), sizeOf);
  document.addEventListener('studio-language', () => canvas.setAttribute('aria-label', name()));

  function sizeOf(): string {
    const { width, height } = painter.picture;
    return width === 0 ? '' : say('size', { width, height });
  }

  const toggle = element(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      'aria-pressed': 'false',
      'data-noise': true,
      onclick: toggleNoise,
    },
    icon(icons.grid),
  );
  label(toggle, 'sigma');
  const save = element(
    'button',
    { type: 'button', class: 'icon-button', onclick: savePng },
    icon(icons.save),
  );
  label(save, 'save');
  const again = element(
    'button',
    { type: 'button', class: 'icon-button', onclick: () => use(painter.picture) },
    icon(icons.use),
  );
  label(again, 'use');
  const tools = element('div', { class: 'tools' }, size, toggle, save, again);
  const frame = element('div', { class: 'frame' }, canvas, noise, spot);
  const root = element(
    'section',
    { class: 'segment picture-segment' },
    element('div', { class: 'picture-box' }, frame, tools),
    chart.root,
  );

  function toggleNoise(): void {
    const shown = noise.hidden;
    toggle.setAttribute('aria-pressed', String(shown));
    noise.hidden = !shown;
    if (shown) drawNoise();
  }

  function drawNoise(): void {
    if (noise.hidden) return;
    noise.replaceChildren(
      ...painter.picture.cells.map(({ patch }) => {
        const cell = element('span', {}, patch.sigma > 0 ? patch.sigma.toFixed(2) : '0');
        lay(cell, placeOf(patch));
        cell.style.setProperty('--sigma', String(Math.min(1, patch.sigma)));
        return cell;
      }),
    );
  }

  async function savePng(): Promise<void> {
    saveFile(await toPng(painter.picture), `${say('picture')}.png`);
  }

  return {
    root,
    get empty() {
      return painter.picture.width === 0;
    },
    take(event: Event) {
      if (event.type !== 'segment-delta') return;
      const patch = event.delta as ImageDelta; // the segment's modality says so
      timeline.add(patch, clock());
      const added = painter.paint(patch);
      if (added === 'grown') {
        const { width, height } = painter.picture;
        frame.style.aspectRatio = `${width} / ${height}`;
        // Small pictures are shown with their pixels, large ones smoothly.
        canvas.classList.toggle('pixels', width < 200);
        size.textContent = sizeOf();
      }
      if (added) drawNoise();
      chart.update();
    },
    summary: () =>
      timeline.first === undefined ? [] : [say('afterFirst', { time: Math.round(timeline.first) })],
  };
}

/** Puts an element over a place of the picture. */
function lay({ style }: HTMLElement, { left, top, width, height }: Place): void {
  const percent = (share: number): string => `${100 * share}%`;
  Object.assign(style, {
    left: percent(left),
    top: percent(top),
    width: percent(width),
    height: percent(height),
  });
}
