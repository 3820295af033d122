/**
 * The timeline as a drawing: time to the right, one row a patch, a dot for every arrival, and a line while it was
 * still a draft.
 */
import { drawing, element } from './dom.ts';
import { live, say } from './language.ts';
import type { Arrival, Timeline } from './timeline.ts';

/** Pixels. */
const height = 128;
const margin = 6;
const radius = 2.2;

export interface TimelineView {
  readonly root: HTMLElement;
  /** Draws what has come since; at most once a frame. */
  update(): void;
}

export function createTimelineView(timeline: Timeline): TimelineView {
  const waits = drawing('g');
  const dots = drawing('g');
  const picture = drawing('svg', { class: 'timeline', role: 'img' }, waits, dots);
  const words = live(element('figcaption'), describe);
  const root = element('figure', { class: 'timeline-box' }, picture, words);
  /** Per dot, the line from the arrival before it at the same place. */
  const lines: (SVGLineElement | undefined)[] = [];
  let asked = false;
  new ResizeObserver(update).observe(picture);

  function describe(): string {
    const { patches, arrivals, last, final } = timeline;
    if (patches === 0) return '';
    return say(final ? 'timelineFinal' : 'timelineText', {
      patches,
      revisions: arrivals.length,
      last: Math.round(last),
    });
  }

  function begin(arrival: Arrival): void {
    const { revision, sigma, patch, time } = arrival;
    const title = drawing('title');
    const values = { patch: patch + 1, revision, time: Math.round(time) };
    title.textContent = `${say('revision', values)} (${say(sigma > 0 ? 'draft' : 'exact')})`;
    dots.append(drawing('circle', { class: sigma > 0 ? 'dot-mark draft' : 'dot-mark', r: radius }, title));
    const before = timeline.arrivals.slice(0, lines.length).some((one) => one.patch === patch);
    const line = before ? drawing('line', { class: 'wait' }) : undefined;
    if (line) waits.append(line);
    lines.push(line);
  }

  function draw(): void {
    asked = false;
    const { arrivals, patches, last } = timeline;
    while (lines.length < arrivals.length) begin(arrivals[lines.length]!);
    const width = picture.clientWidth;
    picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const across = (width - 2 * margin) / Math.max(1, last);
    const down = (height - 2 * margin) / Math.max(1, patches - 1);
    /** Where the dot before stands, by patch. */
    const left = new Map<number, number>();
    for (const [index, { patch, time }] of arrivals.entries()) {
      const [x, y] = [margin + time * across, margin + patch * down];
      place(dots.children[index]!, { cx: x, cy: y });
      const line = lines[index];
      if (line) place(line, { x1: left.get(patch) ?? x, x2: x, y1: y, y2: y });
      left.set(patch, x);
    }
    words.textContent = describe();
    picture.setAttribute('aria-label', `${say('timeline')}: ${describe()}`);
  }

  function update(): void {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  }

  return { root, update };
}

function place(target: Element, numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) target.setAttribute(name, value.toFixed(1));
}
