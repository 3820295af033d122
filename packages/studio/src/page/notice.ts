/** A short notice at the edge of the page, gone by itself. */
import { element } from './dom.ts';

const shown = 6000;

const box = element('div', { class: 'notices', role: 'status' });

export function tell(words: string): void {
  if (!box.isConnected) document.body.append(box);
  const notice = element('p', {}, words);
  box.append(notice);
  setTimeout(() => notice.remove(), shown);
}
