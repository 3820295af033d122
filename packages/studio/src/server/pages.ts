/**
 * Pages: the built page, read once, and handed out to whoever the guard lets in. Nothing else of the disk is reachable.
 */
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { AnyToAnyError } from '@any-to-any/core';
import { type Guard, urlOf } from './guard.ts';

const kinds: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const headers = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src blob:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // The token stands in the address.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export type Pages = (request: IncomingMessage, response: ServerResponse) => void;

/** Throws OPTION_INVALID if `directory` holds no page. */
export async function openPages(directory: string, guard: Guard): Promise<Pages> {
  const files = await readAll(directory);
  const index = files.get('/index.html');
  if (!index) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `Expected the built page in ${directory}. Build it: npm run build in packages/studio.`,
    );
  }
  return (request, response) => {
    const answer = (status: number, kind: string, body: Uint8Array | string): void => {
      response.writeHead(status, { ...headers, 'content-type': kind }).end(body);
    };
    const say = (status: number, text: string): void => answer(status, 'text/plain; charset=utf-8', text);
    const path = urlOf(request)?.pathname;
    if (!guard.hostIsOurs(request)) say(421, 'This server answers to 127.0.0.1 only.\n');
    else if (request.method !== 'GET' && request.method !== 'HEAD') say(405, 'Only GET.\n');
    else if (path === '/' || path === '/index.html') {
      if (guard.tokenIsOurs(request)) answer(200, kinds['.html']!, index);
      else say(403, 'Open the address that was printed when Studio started; it has a token.\n');
    } else {
      const file = path === undefined ? undefined : files.get(path);
      if (file) answer(200, kinds[extname(path!)] ?? 'application/octet-stream', file);
      else say(404, 'There is nothing here.\n');
    }
  };
}

/** `/path` → bytes. */
async function readAll(directory: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(`/${relative(directory, path).split(sep).join('/')}`, await readFile(path));
  }
  return files;
}
