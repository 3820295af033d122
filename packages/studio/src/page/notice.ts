/** Notices: at the edge of the page until they are closed or the next prompt is asked, and what is only heard. */
import { element, icon, icons } from './dom.ts';
import { label } from './language.ts';

const box = element('div', { class: 'notices', role: 'status' });
const heard = element('div', { class: 'unseen', role: 'status' });

export function tell(words: string): void {
  if (!box.isConnected) document.body.append(box);
  const close = element('button', { type: 'button', class: 'icon-button' }, icon(icons.close));
  label(close, 'close');
  const notice = element('div', { class: 'notice' }, element('p', {}, words), close);
  close.addEventListener('click', () => notice.remove());
  box.append(notice);
}

export function clearNotices(): void {
  box.replaceChildren();
}

/** Says to readers of the screen how far something is, without showing it. */
export function announce(words: string): void {
  if (!heard.isConnected) document.body.append(heard);
  heard.textContent = words;
}
