/** Keys of the whole page: Esc stops or closes, / writes, S shows the noise of the newest picture. */
import type { Composer } from './composer.ts';

export interface KeyActions {
  stop(): void;
  running(): boolean;
}

export function listenToKeys({ prompt, closeSettings }: Composer, { stop, running }: KeyActions): void {
  addEventListener('keydown', (event) => {
    const writing =
      event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === 'Escape') {
      if (running()) stop();
      else if (!closeSettings()) prompt.focus();
    }
    if (writing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '/') {
      event.preventDefault();
      prompt.focus();
    }
    // By its place, so that it is the same key while Korean is being typed.
    if (event.code === 'KeyS') {
      const buttons = document.querySelectorAll<HTMLElement>('[data-noise]');
      buttons[buttons.length - 1]?.click();
    }
  });
}
