/** Notices: short ones at the edge of the page, gone by themselves, and what only readers of the screen hear. */
import { element } from './dom.ts';

const shown = 6000;

const box = element('div', { class: 'notices', role: 'status' });
const heard = element('div', { class: 'unseen', role: 'status' });

export function tell(words: string): void {
  if (!box.isConnected) document.body.append(box);
  const notice = element('p', {}, words);
  box.append(notice);
  setTimeout(() => notice.remove(), shown);
}

/** Says how far something is, without showing it. */
export function announce(words: string): void {
  if (!heard.isConnected) document.body.append(heard);
  heard.textContent = words;
}
