/**
 * Elements of the page, made in one call. No templates and no framework: the page is small.
 */

type Attribute = string | number | boolean | ((event: never) => void);

/** `element('button', { class: 'quiet', onclick: stop }, 'Stop')`; `true` sets an empty attribute, `false` none. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

/** The same for drawings. */
export function drawing<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly Node[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

function setAttributes(target: Element, attributes: Readonly<Record<string, Attribute>>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      // Handlers take the event of the name they are given for.
      target.addEventListener(name.slice('on'.length), value as EventListener);
    } else if (value !== false) target.setAttribute(name, value === true ? '' : String(value));
  }
}

/** An icon: the strokes of a 16 × 16 drawing. */
export function icon(path: string): SVGSVGElement {
  return drawing(
    'svg',
    { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    drawing('path', { d: path }),
  );
}

export const icons = {
  attach: 'M13 7.2 7.6 12.6a3.2 3.2 0 0 1-4.5-4.5l5.7-5.7a2.1 2.1 0 0 1 3 3L6.2 11a1 1 0 0 1-1.5-1.4l5-5',
  microphone:
    'M8 10.2a2.2 2.2 0 0 0 2.2-2.2V4a2.2 2.2 0 0 0-4.4 0v4A2.2 2.2 0 0 0 8 10.2ZM3.8 8a4.2 4.2 0 0 0 8.4 0M8 12.2v2',
  send: 'M8 13V3M3.6 7.2 8 2.8l4.4 4.4',
  stop: 'M4.5 4.5h7v7h-7z',
  play: 'M5 3.5v9l7.5-4.5z',
  save: 'M8 2.5v7.2M4.8 6.8 8 10l3.2-3.2M3 13h10',
  use: 'M6.5 4 2.5 8l4 4M2.5 8h7a4 4 0 0 1 4 4v.8',
  grid: 'M2.5 2.5h11v11h-11zM8 2.5v11M2.5 8h11',
  close: 'm4 4 8 8M12 4l-8 8',
  dice: 'M4.5 2.5h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM5.6 5.6h.01M10.4 10.4h.01M10.4 5.6h.01M5.6 10.4h.01M8 8h.01',
  edit: 'M9.8 3.4l2.8 2.8M3 13l.7-3.2L11 2.5l2.5 2.5-7.3 7.3z',
  theme: 'M8 2.2a5.8 5.8 0 1 0 0 11.6zM8 2.2a5.8 5.8 0 0 1 0 11.6',
  settings: 'M2.5 5h6M12 5h1.5M2.5 11H4M7.5 11h6M8.5 3.2v3.6h3V3.2zM4 9.2v3.6h3V9.2z',
} as const;
