/**
 * The way to the hub: a `fetch` that knows the token, tries again what may pass, and turns every refusal into a coded
 * error. `@huggingface/hub` speaks the protocol through it; `download.ts` reads files through it.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { AnyToAnyError, aborted, throwIfAborted } from '@any-to-any/core';
import { findToken } from './token.ts';

export interface Connection {
  /** Without a slash at the end. */
  readonly url: string;
  readonly fetch: typeof fetch;
  /** Waits longer with every attempt; false if there were enough of them. */
  again(attempt: number): Promise<boolean>;
  readonly signal: AbortSignal | undefined;
}

export interface ConnectionOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the repository, for messages. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds before the second attempt; doubles from one to the next. Default 500. */
  readonly pause?: number | undefined;
}

const attempts = 5;

export function isOffline(env: ConnectionOptions['env']): boolean {
  return /^(1|true|yes|on)$/i.test(env['HF_HUB_OFFLINE'] ?? '');
}

/** Throws OPTION_INVALID for an endpoint that is none. */
export async function connect({ env, name, signal, pause = 500 }: ConnectionOptions): Promise<Connection> {
  const url = endpoint(env);
  const { origin } = new URL(url);
  const token = await findToken(env);
  const again = async (attempt: number): Promise<boolean> => {
    if (attempt + 1 >= attempts) return false;
    // Rejects when the signal fires; the next look at the signal says so.
    await wait(pause * 2 ** attempt, undefined, signal && { signal }).catch(() => {});
    throwIfAborted(signal, 'pull');
    return true;
  };
  return {
    url,
    signal,
    again,
    async fetch(input, init) {
      const target = new URL(String(input));
      const headers = new Headers(init?.headers);
      // Files are served from elsewhere, where the token must not go; `fetch` drops it on the way there, too.
      if (token !== undefined && target.origin === origin) headers.set('authorization', `Bearer ${token}`);
      for (let attempt = 0; ; attempt++) {
        const response = await request(target, { ...init, headers }, signal);
        if (response instanceof Response && response.ok) return response;
        const failure =
          response instanceof Response
            ? refusal(response, { url, name, signedIn: token !== undefined })
            : response;
        if (response instanceof Response) await response.body?.cancel();
        if (!AnyToAnyError.is(failure, 'HUB_UNREACHABLE') || !(await again(attempt))) throw failure;
      }
    },
  };
}

function endpoint(env: ConnectionOptions['env']): string {
  const given = env['HF_ENDPOINT'] || 'https://huggingface.co';
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return given.replace(/\/+$/, '');
  throw new AnyToAnyError('OPTION_INVALID', `HF_ENDPOINT is an address such as https://…, not "${given}".`, {
    option: 'HF_ENDPOINT',
  });
}

/** A response of whatever status, or HUB_UNREACHABLE. Throws ABORTED. */
async function request(
  target: URL,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<Response | AnyToAnyError> {
  try {
    return await fetch(target, { ...init, ...(signal && { signal }) });
  } catch (cause) {
    if (signal?.aborted) throw aborted(signal, 'pull');
    return unreachable(target.host, cause);
  }
}

/** `fetch` itself only says "fetch failed"; why is in its cause. */
export function unreachable(host: string, cause: unknown): AnyToAnyError {
  const reason = cause instanceof Error ? (cause.cause ?? cause) : cause;
  const words = reason instanceof Error ? reason.message : String(reason);
  return new AnyToAnyError(
    'HUB_UNREACHABLE',
    `${host} cannot be reached: ${words}. Try again; what was fetched is kept.`,
    { stage: 'pull', cause },
  );
}

interface Asked {
  readonly url: string;
  readonly name: string;
  readonly signedIn: boolean;
}

/** What a status means to whoever asked for a repository. */
function refusal(response: Response, { url, name, signedIn }: Asked): AnyToAnyError {
  const { status } = response;
  const reason = response.headers.get('x-error-code');
  const details = { stage: 'pull', status, reason };
  const gate = `Accept its terms at ${url}/${name} with the account of the token.`;
  if (status === 401 && !signedIn) {
    return new AnyToAnyError(
      'HUB_DENIED',
      `${name} is not there, or needs a token. Check the name; or set HF_TOKEN, or sign in with "hf auth login".`,
      details,
    );
  }
  if (status === 401 || status === 403) {
    const remedy = signedIn ? gate : `${gate} Then set HF_TOKEN, or sign in with "hf auth login".`;
    const what = status === 401 ? 'the token is not accepted' : 'it is not open to this account';
    return new AnyToAnyError('HUB_DENIED', `${name}: ${what} (status ${status}). ${remedy}`, details);
  }
  if (status === 404) {
    const what = { RevisionNotFound: 'has no such revision', EntryNotFound: 'has no such file' };
    const problem = what[reason as keyof typeof what] ?? `is not there: ${url} knows no such repository`; // any text
    return new AnyToAnyError(
      'HUB_NOT_FOUND',
      `${name} ${problem}. Check the name and --revision; a private one needs HF_TOKEN.`,
      details,
    );
  }
  if (status === 429 || status >= 500) {
    return new AnyToAnyError(
      'HUB_UNREACHABLE',
      `${url} answers with status ${status}. Try again later; what was fetched is kept.`,
      details,
    );
  }
  return new AnyToAnyError('HUB_INVALID', `${url} answers with status ${status}, which means nothing here.`, {
    ...details,
  });
}
