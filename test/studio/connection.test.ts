/// <reference lib="dom" />
/** Studio's page over a connection that is stopped, killed, reloaded, shared between tabs, or knocked at by others. */
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { browserPath, canvasOf, open } from './browser.test.kit.ts';
import { arrivals, ask, drop, ended, prompt, useStudio } from './studio.test.kit.ts';

describe.skipIf(!browserPath)('a connection in Chromium', { timeout: 300_000 }, () => {
  /** The server's ends of the connections, the latest last. */
  const sockets: Socket[] = [];
  beforeAll(() => {
    const original = WebSocketServer.prototype.handleUpgrade;
    vi.spyOn(WebSocketServer.prototype, 'handleUpgrade').mockImplementation(function (
      this: WebSocketServer,
      ...[request, socket, ...rest]
    ) {
      sockets.push(socket as Socket); // of a server that speaks HTTP/1.1 over TCP
      original.call(this, request, socket, ...rest);
    });
  });
  afterAll(() => void vi.restoreAllMocks());
  const bench = useStudio({ uploadBytes: 1_000_000 });
  const library = (seed: number) => bench.library({ content: [prompt], to: 'image', seed });

  async function expectWhole(page: Page, seed: number): Promise<void> {
    await ended(page);
    const { data, patches } = await library(seed);
    await arrivals(page, patches);
    // Nothing came twice either.
    expect(await page.locator('.answer:last-child .timeline circle').count()).toBe(patches);
    expect(Buffer.compare((await canvasOf(page)).data, data)).toBe(0);
  }

  it('stops midway, keeps what came, and goes on with the next', async () => {
    const page = await bench.visit();
    const before = bench.studio.load.generations; // earlier pages' are kept for a while
    bench.gate.shut(60);
    await ask(page, prompt, 1);
    await arrivals(page, 3);
    expect(bench.studio.load.generations).toBe(before + 1);
    await page.keyboard.press('Escape');
    await ended(page, 'stopped');
    expect(await page.locator('.figures').textContent()).toBe('Stopped · seed 1');
    await expect.poll(() => bench.studio.load.generations, { timeout: 60_000 }).toBe(before);
    const came = await page.locator('.timeline circle').count();
    expect(came).toBeGreaterThanOrEqual(3);
    expect(came).toBeLessThan((await library(1)).patches);
    bench.gate.open();
    await ask(page, prompt, 2);
    await expectWhole(page, 2);
  });

  it('stops with its button', async () => {
    const page = await bench.visit();
    bench.gate.shut(60);
    await ask(page, prompt, 1);
    await arrivals(page, 3);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await ended(page, 'stopped');
    await page.getByRole('button', { name: 'Make', exact: true }).waitFor();
  });

  it('goes on after a reload midway, and loses nothing', async () => {
    const page = await bench.visit();
    bench.gate.shut(60);
    await ask(page, prompt, 3);
    await arrivals(page, 4);
    await page.reload();
    await page.locator('.answer[data-resumed]').waitFor();
    expect(await page.locator('.question p').textContent()).toBe(prompt);
    bench.gate.open();
    await expectWhole(page, 3);
    // What is whole does not come again.
    await page.reload();
    await page.waitForSelector('body[data-ready]');
    expect(await page.locator('.answer').count()).toBe(0);
  });

  it('goes on after its socket was killed midway, and loses nothing', async () => {
    const page = await bench.visit();
    bench.gate.shut(60);
    await ask(page, prompt, 4);
    await arrivals(page, 4);
    for (let killed = 0; killed < 3; killed++) {
      const before = sockets.length;
      sockets.at(-1)!.destroy();
      await expect.poll(() => sockets.length, { timeout: 60_000 }).toBeGreaterThan(before);
      await page.locator('.dot[data-state=open]').waitFor();
    }
    expect(await page.locator('.answer').getAttribute('data-state')).toBe('running');
    bench.gate.open();
    await expectWhole(page, 4);
  });

  it('two tabs draw at once, each its own; a copy of a tab begins anew', async () => {
    const page = await bench.visit();
    const other = await page.context().newPage();
    await other.goto(bench.studio.url);
    await other.waitForSelector('body[data-ready]');
    bench.gate.shut(60);
    await Promise.all([ask(page, prompt, 5), ask(other, prompt, 6)]);
    await Promise.all([arrivals(page, 3), arrivals(other, 3)]);

    // As a browser copies a tab: with all that the page remembers, and by loading it again.
    const copy = await page.context().newPage();
    const kept = await page.evaluate(() => ({ ...sessionStorage }));
    await copy.goto(bench.studio.url);
    await copy.evaluate((kept) => Object.assign(sessionStorage, kept), kept);
    await copy.reload();
    await copy.waitForSelector('body[data-ready]');
    expect(await copy.locator('.answer').count()).toBe(0);

    bench.gate.open();
    await expectWhole(page, 5);
    await expectWhole(other, 6);
  });

  it('says so when a prompt is too large, before it is sent and all together', async () => {
    const page = await bench.visit();
    await drop(page, 'large.png', 'image/png', new Uint8Array(950_000));
    await page.getByText('large.png is too large: 0.9 MB, at most 0.9 MB.').waitFor();
    for (const name of ['one', 'two']) await drop(page, `${name}.png`, 'image/png', new Uint8Array(600_000));
    await page.locator('.attachments li').nth(1).waitFor();
    await page.locator('.go').click();
    await ended(page, 'failed');
    expect(await page.locator('.failure strong').textContent()).toBe('This is too large to send.');
    expect(await page.locator('.dot').getAttribute('data-state')).toBe('open');
  });

  it('tells when the server is gone, and what to do', async () => {
    const page = await bench.visit();
    bench.complains(); // the browser itself notes that it cannot connect
    await page.routeWebSocket(/socket/, (socket) => socket.close({ code: 1008, reason: 'gone' }));
    sockets.at(-1)!.destroy();
    await page.getByRole('banner').getByText('Not connected').waitFor();
    await page.getByRole('button', { name: 'Reload' }).waitFor();
  });

  it('lets no other page and no other name in', async () => {
    // A page of somebody else, in the same browser.
    const evil = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>'));
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
    const { port } = evil.address() as AddressInfo;
    const context = await bench.browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    const knock = (url: string) =>
      page.evaluate(
        (url) =>
          new Promise((resolve) => {
            const socket = new WebSocket(url);
            socket.onopen = () => resolve('open');
            socket.onerror = () => resolve('refused');
          }),
        url,
      );
    expect(await knock(`${bench.studio.socketUrl}&session=somebody-else`)).toBe('refused');
    const read = (url: string) =>
      page.evaluate(
        (url) =>
          fetch(url).then(
            (r) => r.text(),
            () => 'refused',
          ),
        url,
      );
    expect(await read(bench.studio.url)).toBe('refused');
    // A name that was rebound to this machine: the browser thinks it is the same origin all along.
    const rebound = new URL(bench.studio.url);
    rebound.hostname = 'rebound.test';
    const answer = await page.goto(rebound.href);
    expect(answer!.status()).toBe(421);
    expect(
      await knock(bench.studio.socketUrl.replace('127.0.0.1', 'rebound.test').concat('&session=rebound-1')),
    ).toBe('refused');
    await context.close();
    await new Promise((resolve) => evil.close(resolve));
  });

  it('is open to the page that was opened', async () => {
    const opened = await open(bench.browser, bench.studio.url);
    expect(await opened.page.locator('.dot').getAttribute('data-state')).toBe('open');
    expect(opened.complaints).toEqual([]);
    await opened.close();
  });
});
