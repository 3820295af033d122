/**
 * For tests: a hub on 127.0.0.1 with one model, as far as `pull` speaks to one. Large files are served from a second
 * port, which is another origin. Every trouble a network or a server can make is a field that a test sets.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubServer {
  readonly url: string;
  /** Path → content. Large: from 1000 bytes on. */
  readonly files: Map<string, Buffer>;
  readonly trouble: Trouble;
  /** In order; `at` is the origin that was asked. */
  readonly requests: { at: 'hub' | 'files'; path: string; range?: string; authorization?: string }[];
  /** Ranges asked of a file for its content, not for its size. */
  rangesOf(path: string): (string | undefined)[];
  close(): Promise<void>;
}

export interface Trouble {
  token?: string;
  /** The token's account has not accepted the terms. */
  gated?: boolean;
  /** So many contents break off, after so many bytes of each. */
  breaks?: number;
  breakAfter?: number;
  /** A longer content waits after so many bytes. */
  hangAfter?: number;
  /** The first requests are answered so. */
  statuses?: number[];
  noRanges?: boolean;
  /** Path → what is sent in place of the content. */
  wrong?: Map<string, Buffer>;
  /** What the listing says in place of the paths. */
  listed?: (path: string) => unknown;
}

export const commit = 'c0ffee'.padEnd(40, '0');
const name = 'owner/tiny';
const large = 1000;

export async function startHub(contents: Record<string, string | Buffer>): Promise<HubServer> {
  const files = new Map(Object.entries(contents).map(([path, content]) => [path, Buffer.from(content)]));
  const trouble: Trouble = {};
  const requests: HubServer['requests'] = [];
  const note = (at: 'hub' | 'files', { url, headers }: IncomingMessage): void => {
    const { range, authorization } = headers;
    requests.push({ at, path: url!, ...(range && { range }), ...(authorization && { authorization }) });
  };

  const hub = createServer((request, response) => {
    note('hub', request);
    const { pathname, searchParams } = new URL(request.url!, 'http://hub');
    const refuse = (status: number, reason?: string): void => {
      response.writeHead(status, reason ? { 'x-error-code': reason } : {}).end('no');
    };
    const status = trouble.statuses?.shift();
    if (status !== undefined) return refuse(status);
    const signedIn = request.headers.authorization === `Bearer ${trouble.token}`;
    if (trouble.token !== undefined && !signedIn) return refuse(401, 'RepoNotFound');
    if (trouble.gated) return refuse(403, 'GatedRepo');
    const json = (value: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    };
    const [, revision] = pathname.match(`^/api/models/${name}/revision/(.+)$`) ?? [];
    if (revision !== undefined) {
      if (!['main', 'v1', commit].includes(decodeURIComponent(revision)))
        return refuse(404, 'RevisionNotFound');
      return json({ _id: '1', id: name, sha: commit, private: false, lastModified: '2026-01-01' });
    }
    if (pathname === `/api/models/${name}/tree/${commit}`) {
      // Two pages, as for a repository of many files.
      const all = [...files].map(([path, content]) => entryOf(trouble.listed?.(path) ?? path, content));
      const second = searchParams.get('cursor') === '2';
      const next = `<${url}${pathname}?cursor=2>; rel="next"`;
      return json(second ? all.slice(1) : all.slice(0, 1), second ? {} : { link: next });
    }
    const [, path] = pathname.match(`^/${name}/resolve/${commit}/(.+)$`) ?? [];
    if (path === undefined) return refuse(404, 'RepoNotFound');
    const content = files.get(path);
    if (content === undefined) return refuse(404, 'EntryNotFound');
    if (content.length < large) return send(path, request, response);
    response.writeHead(302, { location: `${elsewhere}/${encodeURIComponent(path)}` }).end();
  });

  const store = createServer((request, response) => {
    note('files', request);
    // As the hub's own store: the client then asks it directly, without a redirect that would drop the token.
    response.setHeader('x-cache', 'Hit from cloudfront');
    send(decodeURIComponent(request.url!.slice(1)), request, response);
  });

  function send(path: string, { headers }: IncomingMessage, response: ServerResponse): void {
    const whole = trouble.wrong?.get(path) ?? files.get(path)!;
    const [, from = '0', to] = trouble.noRanges ? [] : (headers.range?.match(/^bytes=(\d+)-(\d*)$/) ?? []);
    const probe = headers.range === 'bytes=0-0';
    const partial = probe || (headers.range !== undefined && !trouble.noRanges);
    const end = probe ? 1 : to ? Number(to) + 1 : whole.length;
    const content = whole.subarray(probe ? 0 : Number(from), end);
    response.writeHead(partial ? 206 : 200, {
      etag: `"${path}"`,
      'content-length': content.length,
      ...(partial && { 'content-range': `bytes ${probe ? 0 : from}-${end - 1}/${whole.length}` }),
    });
    if (!probe && content.length > (trouble.hangAfter ?? content.length)) {
      response.write(content.subarray(0, trouble.hangAfter));
    } else if (!probe && trouble.breaks) {
      trouble.breaks--;
      response.write(content.subarray(0, trouble.breakAfter), () => response.destroy());
    } else {
      response.end(content);
    }
  }

  const [url, elsewhere] = await Promise.all([listen(hub), listen(store)]);
  return {
    url,
    files,
    trouble,
    requests,
    rangesOf: (path) =>
      requests
        .filter((one) => decodeURIComponent(one.path).endsWith(`/${path}`) && one.range !== 'bytes=0-0')
        .filter(({ at }) => (files.get(path)!.length < large ? at === 'hub' : at === 'files'))
        .map(({ range }) => range),
    async close() {
      for (const server of [hub, store]) {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      }
    },
  };
}

function entryOf(path: unknown, content: Buffer): object {
  const oid = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
  const entry = { type: 'file', path, size: content.length, oid };
  if (content.length < large) return entry;
  const lfs = {
    oid: createHash('sha256').update(content).digest('hex'),
    size: content.length,
    pointerSize: 130,
  };
  return { ...entry, oid: '1'.repeat(40), lfs };
}

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
}
