import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The program of a Chromium, such as that of Debian's package `chromium`; `undefined` if there is none. */
export function findChromium(): string | undefined {
  return NAMES.find((name) => spawnSync(name, ['--version']).status === 0);
}

/** A page in a headless Chromium, controlled by the DevTools protocol. */
export class Browser implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-chromium-'));
  readonly #asked = new Map<number, (message: Answer) => void>();
  /** What the page has logged or thrown, and what its security policy has blocked. */
  readonly complaints: string[] = [];
  /** The URLs that the page has requested. */
  readonly requests: string[] = [];
  #session = '';
  #last = 0;

  private constructor(program: string) {
    this.#child = spawn(
      program,
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--disable-background-networking',
        '--remote-debugging-pipe',
        `--user-data-dir=${this.#folder}`,
        'about:blank',
      ],
      { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
    );
    let text = '';
    const from = this.#child.stdio[4] as Readable;
    from.setEncoding('utf8').on('data', (more: string) => {
      const parts = (text + more).split('\0');
      text = parts.pop() ?? '';
      for (const part of parts) this.#received(JSON.parse(part));
    });
  }

  static async open(program: string): Promise<Browser> {
    const browser = new Browser(program);
    const { targetId } = await browser.ask('Target.createTarget', { url: 'about:blank' });
    const options = { targetId, flatten: true };
    const { sessionId } = await browser.ask('Target.attachToTarget', options);
    browser.#session = String(sessionId);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network'])
      await browser.ask(`${domain}.enable`);
    return browser;
  }

  /** Calls a method of the protocol. */
  async ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    this.#last += 1;
    const id = this.#last;
    const sessionId = this.#session === '' ? undefined : this.#session;
    (this.#child.stdio[3] as Writable).write(
      `${JSON.stringify({ id, method, params, sessionId })}\0`,
    );
    const { result, error } = await new Promise<Answer>((resolve) => this.#asked.set(id, resolve));
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  /** Evaluates an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const options = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = (await this.ask('Runtime.evaluate', options)) as {
      result: { value: T };
      exceptionDetails?: { exception?: { description?: string } };
    };
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description);
    return result.value;
  }

  /** Waits until an expression is true in the page. */
  async until(expression: string, seconds = 20): Promise<void> {
    for (let waited = 0; !(await this.evaluate<boolean>(`!!(${expression})`)); waited += 0.05) {
      if (waited > seconds) throw new Error(`not in ${seconds} s: ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Presses and releases a key. */
  async press(key: string): Promise<void> {
    const text = key.length === 1 ? key : key === 'Enter' ? '\r' : undefined;
    await this.ask('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', key, text });
    await this.ask('Input.dispatchKeyEvent', { type: 'keyUp', key });
  }

  async click(x: number, y: number): Promise<void> {
    for (const type of ['mousePressed', 'mouseReleased'])
      await this.ask('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
  }

  async show(width: number, height: number, scheme: 'light' | 'dark'): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
    await this.ask('Emulation.setDeviceMetricsOverride', metrics);
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await this.ask('Emulation.setEmulatedMedia', { features });
  }

  /** Takes a screenshot of the page, as PNG. */
  async picture(): Promise<Buffer> {
    const { data } = await this.ask('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(String(data), 'base64');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    // Kills the processes that it has started, too.
    process.kill(-(this.#child.pid as number), 'SIGKILL');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 });
  }

  #received({ id, method, params, ...answer }: Message): void {
    if (id !== undefined) {
      this.#asked.get(id)?.(answer);
      this.#asked.delete(id);
    } else if (method === 'Network.requestWillBeSent') this.requests.push(params.request.url);
    else if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded')
      this.complaints.push(JSON.stringify(params));
  }
}

interface Answer {
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

interface Message extends Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params: { readonly request: { readonly url: string } };
}
