import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../inspect/printable.ts';
import type { Snapshot } from '../../inspect/snapshot/data.ts';
import { Awaits } from '../once/awaits.ts';
import { cyclesAmong } from '../once/deadlocks.ts';
import { Failure } from '../process/failure.ts';
import { snapshotsOf, type Target } from '../process/target.ts';

/** The HTML of the page, from `page/`; inserted by the build. */
declare const LIVE_PAGE: string;

/** The shortest and longest time between two snapshots, in milliseconds. */
const PAUSE = { least: 1000, most: 5000 };
/** How long browsers have to receive the last message, in milliseconds. */
const LAST_MESSAGE_TIMEOUT = 100;
/** Snapshots take at most a fifth of the target's time, as long as the longest pause allows. */
const REST = 4;

/** A web page on loopback that shows what a process does, until the process or the page ends. */
export class LivePage {
  /** Its address, which contains a secret token. */
  readonly url: string;
  readonly #target: Target;
  readonly #server: Server;
  readonly #host: string;
  readonly #path: string;
  readonly #watchers = new Set<ServerResponse>();
  readonly #ending = new AbortController();
  #wake: () => void = () => {};

  private constructor(target: Target, server: Server) {
    this.#target = target;
    this.#server = server;
    this.#host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#path = `/${randomBytes(18).toString('base64url')}/`;
    this.url = `http://${this.#host}${this.#path}`;
    server.on('request', (request, response) => this.#answer(request, response));
  }

  /**
   * @param port - 0 for any
   * @throws {Failure} when the port is not available
   */
  static async open(target: Target, port: number): Promise<LivePage> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch (error) {
      throw new Failure(`cannot listen on 127.0.0.1:${port}: ${(error as Error).message}`);
    }
    return new LivePage(target, server);
  }

  /**
   * Sends snapshots while a browser shows the page.
   *
   * @throws {Failure} when the process has ended
   */
  async run(): Promise<void> {
    const { signal } = this.#ending;
    try {
      while (!signal.aborted) {
        const begin = Date.now();
        if (this.#watchers.size > 0) this.#send(await snapshotsOf(this.#target));
        else await this.#target.check();
        const pause = this.#watchers.size > 0 ? (Date.now() - begin) * REST : PAUSE.most;
        await this.#rest(Math.min(PAUSE.most, Math.max(PAUSE.least, pause)));
      }
    } catch (error) {
      if (signal.aborted) return;
      const text = JSON.stringify((error as Error).message);
      for (const watcher of this.#watchers) watcher.write(`event: gone\ndata: ${text}\n\n`);
      throw error;
    } finally {
      this.#server.close();
      for (const watcher of this.#watchers) watcher.end();
      // Browsers keep idle connections open.
      await sleep(LAST_MESSAGE_TIMEOUT);
      this.#server.closeAllConnections();
    }
  }

  /** Ends {@link run}. */
  close(): void {
    this.#ending.abort();
    this.#wake();
  }

  async #rest(milliseconds: number): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    if (this.#ending.signal.aborted) return;
    await sleep(milliseconds, undefined, { signal: woken.signal }).catch(() => {});
  }

  #send(snapshots: readonly Snapshot[]): void {
    const shown = snapshots.map((one) => ({ ...one, deadlocks: deadlocksIn(one) }));
    const text = `data: ${JSON.stringify(printable(shown))}\n\n`;
    // A slow browser skips some snapshots.
    for (const watcher of this.#watchers) if (!watcher.writableNeedDrain) watcher.write(text);
  }

  #answer({ method, url = '', headers }: IncomingMessage, response: ServerResponse): void {
    const { host } = headers;
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    // Rejects foreign host names that resolve to this machine (DNS rebinding).
    if (host !== this.#host && host !== this.#host.replace('127.0.0.1', 'localhost'))
      refuse(response, 403, 'the Host is not this page');
    else if (method !== 'GET') refuse(response, 405, 'only GET');
    else if (isSame(url, this.#path)) showPage(response);
    else if (isSame(url, `${this.#path}events`)) this.#watch(response);
    else refuse(response, 404, 'not found: use the address that the command printed');
  }

  #watch(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    this.#watchers.add(response);
    response.once('close', () => this.#watchers.delete(response));
    this.#wake();
  }
}

/** The deadlocks of a thread, each as the keys of its tasks. */
function deadlocksIn(snapshot: Snapshot): string[][] {
  const awaits = new Awaits([snapshot]);
  return cyclesAmong(awaits, awaits.tasks)
    .filter(({ isDeadlock }) => isDeadlock)
    .map(({ tasks }) => tasks.map(({ key }) => key));
}

/** Compares in constant time. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' }).end(`${text}\n`);
}

function showPage(response: ServerResponse): void {
  const nonce = randomBytes(18).toString('base64');
  response.setHeader(
    'Content-Security-Policy',
    `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'; ` +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  );
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end(LIVE_PAGE.replaceAll('NONCE', nonce));
}
