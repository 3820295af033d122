/**
 * Guard: who may talk to the server. It listens on this machine only, but other pages in the same browser could
 * still reach it, so the host, the origin and a token that only the printed address has are checked.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export const createToken = (): string => randomBytes(18).toString('base64url');

export interface Guard {
  /** The request names this server and no other: stops names that were rebound to this address. */
  hostIsOurs(request: IncomingMessage): boolean;
  /** It comes from our own page, or from no page at all. */
  originIsOurs(request: IncomingMessage): boolean;
  tokenIsOurs(request: IncomingMessage): boolean;
}

/** `port`: asked when needed, for it is known only once the server listens. */
export function createGuard(token: string, port: () => number): Guard {
  const hosts = (): string[] => ['127.0.0.1', 'localhost'].map((name) => `${name}:${port()}`);
  return {
    hostIsOurs: ({ headers }) => hosts().includes(headers.host ?? ''),
    originIsOurs: ({ headers }) =>
      headers.origin === undefined || hosts().some((host) => headers.origin === `http://${host}`),
    tokenIsOurs: (request) => sameText(urlOf(request)?.searchParams.get('token') ?? '', token),
  };
}

/** undefined for a target that is no path. */
export function urlOf({ url = '/' }: IncomingMessage): URL | undefined {
  return URL.canParse(url, 'http://studio') ? new URL(url, 'http://studio') : undefined;
}

/** Takes the same time wherever they differ. */
function sameText(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
