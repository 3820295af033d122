/**
 * What survives a reload of the page, and only that: the session's name, and the answer that was on its way.
 * A copy of the tab begins anew, so that two tabs never claim the same answer.
 */

export interface Unfinished {
  readonly request: string;
  readonly text: string;
  readonly seed: number;
}

const sessionKey = 'any-to-any.session';
const runningKey = 'any-to-any.running';

const [navigation] = performance.getEntriesByType('navigation');
const reloaded = navigation instanceof PerformanceNavigationTiming && navigation.type !== 'navigate';

export function sessionName(): string {
  const before = reloaded ? sessionStorage.getItem(sessionKey) : null;
  const name = before ?? crypto.randomUUID();
  sessionStorage.setItem(sessionKey, name);
  return name;
}

export function remember(unfinished: Unfinished): void {
  sessionStorage.setItem(runningKey, JSON.stringify(unfinished));
}

export function forget(): void {
  sessionStorage.removeItem(runningKey);
}

export function unfinished(): Unfinished | undefined {
  const text = reloaded ? sessionStorage.getItem(runningKey) : null;
  // Only `remember` writes it.
  return text === null ? undefined : (JSON.parse(text) as Unfinished);
}
