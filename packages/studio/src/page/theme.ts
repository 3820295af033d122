/**
 * Light or dark: as the system says, or as the reader chose on this device.
 */
export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const key = 'any-to-any.theme';

export function theme(): Theme {
  const value = localStorage.getItem(key);
  return themes.find((one) => one === value) ?? 'auto';
}

export function setTheme(next: Theme): void {
  localStorage.setItem(key, next);
  applyTheme();
}

export function applyTheme(): void {
  const chosen = theme();
  if (chosen === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', chosen);
}
