/**
 * The timeline as a drawing: time to the right, one row a patch, a dot for every arrival, and between two of them a
 * bar in the colour of the noise that was left. Pointing at a row says which patch it is.
 */
import { drawing, element } from './dom.ts';
import { live, say } from './language.ts';
import { type Arrival, type Place, type Timeline, ticksOf } from './timeline.ts';

/** Pixels around the rows; below them stand the times. */
const edge = { left: 6, right: 12, top: 8, bottom: 22 };
const radius = 3;

export interface TimelineView {
  readonly root: HTMLElement;
  /** Draws what has come since; at most once a frame. */
  update(): void;
}

/** `point`: told the place of the row under the pointer, undefined when it leaves. */
export function createTimelineView(
  timeline: Timeline,
  point: (place: Place | undefined) => void,
): TimelineView {
  const axis = drawing('g', { class: 'axis' });
  const tails = drawing('g');
  const bars = drawing('g');
  const dots = drawing('g');
  const picture = drawing(
    'svg',
    { class: 'timeline', role: 'img', onpointermove: pointAt, onpointerleave: () => point(undefined) },
    axis,
    tails,
    bars,
    dots,
  );
  const words = live(element('span'), describe);
  const legend = element(
    'span',
    { class: 'legend', 'aria-hidden': 'true' },
    element('span', { 'data-text': 'draft' }, say('draft')),
    element('i'),
    element('span', { 'data-text': 'exact' }, say('exact')),
  );
  const caption = element('figcaption', {}, words, legend);
  const root = element('figure', { class: 'timeline-box' }, picture, caption);
  /** Per dot, the bar from the arrival before it at the same place. */
  const lines: (SVGLineElement | undefined)[] = [];
  /** Dots are made once; what was said in them follows the language. */
  const titles: { readonly title: SVGTitleElement; readonly arrival: Arrival }[] = [];
  let asked = false;
  new ResizeObserver(update).observe(picture);
  document.addEventListener('studio-language', () => {
    for (const { title, arrival } of titles) title.textContent = titleOf(arrival);
    update();
  });

  function describe(): string {
    const { places, arrivals, last, final } = timeline;
    if (places.length === 0) return '';
    return say(final ? 'timelineFinal' : 'timelineText', {
      patches: places.length,
      revisions: arrivals.length,
      last: (last / 1000).toFixed(2),
    });
  }

  function begin(arrival: Arrival): void {
    const { patch, sigma } = arrival;
    const before = timeline.arrivals.slice(0, lines.length).findLast((one) => one.patch === patch);
    const title = drawing('title');
    title.textContent = titleOf(arrival);
    titles.push({ title, arrival });
    const dot = drawing('circle', { class: 'dot-mark', r: radius }, title);
    shade(dot, sigma);
    dots.append(dot);
    const line = before ? drawing('line', { class: 'wait' }) : undefined;
    if (line && before) {
      shade(line, before.sigma);
      bars.append(line);
    }
    lines.push(line);
  }

  /** 100: as noisy as anything here; 0: final. */
  function shade(target: SVGElement, sigma: number): void {
    target.style.setProperty(
      '--noise',
      String(Math.round((100 * sigma) / Math.max(1e-9, timeline.noisiest))),
    );
  }

  function draw(): void {
    asked = false;
    const { arrivals, places, last } = timeline;
    while (lines.length < arrivals.length) begin(arrivals[lines.length]!);
    const { clientWidth: width, clientHeight: height } = picture;
    picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const across = (width - edge.left - edge.right) / Math.max(1, last);
    const down = (height - edge.top - edge.bottom) / Math.max(1, places.length - 1);
    picture.style.setProperty('--bar', `${Math.max(1.5, Math.min(6, down * 0.45))}`);
    drawAxis(across, height);
    drawTails(across, down);
    /** Where the dot before stands, by patch. */
    const left = new Map<number, number>();
    for (const [index, { patch, time }] of arrivals.entries()) {
      const [x, y] = [edge.left + time * across, edge.top + patch * down];
      place(dots.children[index]!, { cx: x, cy: y });
      const line = lines[index];
      if (line) place(line, { x1: left.get(patch) ?? x, x2: x, y1: y, y2: y });
      left.set(patch, x);
    }
    words.textContent = describe();
    picture.setAttribute('aria-label', `${say('timeline')}: ${describe()}`);
  }

  /** What is still a draft is one until now. */
  function drawTails(across: number, down: number): void {
    const latest = new Map(timeline.arrivals.map((arrival) => [arrival.patch, arrival]));
    tails.replaceChildren(
      ...[...latest.values()].flatMap(({ patch, sigma, time }) => {
        if (sigma === 0) return [];
        const tail = drawing('line', { class: 'tail' });
        const y = edge.top + patch * down;
        place(tail, { x1: edge.left + time * across, x2: edge.left + timeline.last * across, y1: y, y2: y });
        shade(tail, sigma);
        return [tail];
      }),
    );
  }

  function drawAxis(across: number, height: number): void {
    const bottom = height - edge.bottom + 6;
    axis.replaceChildren(
      ...ticksOf(timeline.last).flatMap((time) => {
        const x = edge.left + time * across;
        const line = drawing('line');
        place(line, { x1: x, x2: x, y1: 0, y2: bottom });
        const text = drawing('text', { 'text-anchor': time === 0 ? 'start' : 'middle' });
        place(text, { x: time === 0 ? x - 3 : x, y: bottom + 13 });
        text.textContent = time === 0 ? '0' : say('seconds', { seconds: time / 1000 });
        return [line, text];
      }),
    );
  }

  function pointAt({ offsetY }: PointerEvent): void {
    const { places } = timeline;
    const down = (picture.clientHeight - edge.top - edge.bottom) / Math.max(1, places.length - 1);
    point(places[Math.round((offsetY - edge.top) / down)]);
  }

  function update(): void {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  }

  return { root, update };
}

function titleOf({ patch, revision, sigma, time }: Arrival): string {
  const values = { patch: patch + 1, revision, time: Math.round(time) };
  return `${say('revision', values)} (${sigma > 0 ? `σ ${sigma.toFixed(2)}` : say('exact')})`;
}

function place(target: Element, numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) target.setAttribute(name, value.toFixed(1));
}
