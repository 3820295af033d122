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

/** Milliseconds a reloaded page waits for the one before it to let go of its session. */
const patience = 3000;

const [navigation] = performance.getEntriesByType('navigation');
const reloaded = navigation instanceof PerformanceNavigationTiming && navigation.type !== 'navigate';

/** The name from before a reload, unless another tab has it; else a new one, with nothing unfinished. */
export async function sessionName(): Promise<string> {
  const before = reloaded ? sessionStorage.getItem(sessionKey) : null;
  if (before !== null && (await claim(before))) return before;
  const name = crypto.randomUUID();
  forget();
  sessionStorage.setItem(sessionKey, name);
  await claim(name);
  return name;
}

/** True once this page alone has the session, until it is left. */
function claim(session: string): Promise<boolean> {
  return new Promise((resolve) => {
    const hold = (): Promise<never> => {
      resolve(true);
      return new Promise(() => {});
    };
    const signal = AbortSignal.timeout(patience);
    navigator.locks.request(`any-to-any ${session}`, { signal }, hold).catch(() => resolve(false));
  });
}

export function remember(unfinished: Unfinished): void {
  sessionStorage.setItem(runningKey, JSON.stringify(unfinished));
}

export function forget(): void {
  sessionStorage.removeItem(runningKey);
}

/** To be asked after `sessionName`. */
export function unfinished(): Unfinished | undefined {
  const text = sessionStorage.getItem(runningKey);
  // Only `remember` writes it.
  return text === null ? undefined : (JSON.parse(text) as Unfinished);
}
