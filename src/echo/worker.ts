import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Statistics } from './statistics.ts';
import type { News, Order } from './worker-program.ts';

/** Options for a worker, and receivers of its messages. */
export interface WorkerOptions extends Pick<Order, 'style' | 'host' | 'port' | 'ssl' | 'grace'> {
  /** Called for each connection. */
  readonly onConnection?: ((line: string) => void) | undefined;
  /** Called with all other messages. */
  readonly say: (line: string) => void;
  /** Called immediately when it fails. */
  readonly onFailure: (text: string) => void;
}

/** A thread with an echo server, as seen from the thread that started it. */
export class EchoWorker {
  /** Fulfilled when it listens; never, if it ends before. */
  readonly listening: Promise<void>;
  /** Fulfilled when its thread has ended, for any reason, and all its messages were passed on. */
  readonly ended: Promise<void>;
  /** Its counts so far. */
  readonly statistics: Statistics;
  readonly #number: number;
  readonly #thread: Worker;
  readonly #onFailure: (text: string) => void;
  #asked: 'to serve' | 'to stop' | 'to end at once' = 'to serve';
  #hasEnded = false;
  /** Uncaught errors of the thread. */
  readonly #errors: unknown[] = [];
  #failed = false;

  /** @param number - its number, from 1 */
  constructor(number: number, options: WorkerOptions) {
    const { style, host, port, ssl, grace, onConnection, say, onFailure } = options;
    const memory = Statistics.memory();
    const tellsConnections = onConnection !== undefined;
    const order: Order = { style, host, port, ssl, grace, tellsConnections, memory };
    this.#number = number;
    this.#onFailure = onFailure;
    this.statistics = new Statistics(0, memory);
    this.#thread = new Worker(new URL('./echo-worker.js', import.meta.url), { workerData: order });
    this.#thread.on('error', (error) => this.#errors.push(error));
    this.listening = new Promise((resolve) => {
      this.#thread.on('message', (news: News) => {
        if ('listens' in news) resolve();
        else if ('connection' in news) onConnection?.(`worker ${number}: ${news.connection}`);
        else say(`worker ${number}: ${news.line}`);
      });
    });
    this.ended = new Promise((resolve) => {
      this.#thread.once('exit', (status) => {
        this.#ends(status);
        resolve();
      });
    });
  }

  /** Has its thread ended? */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Did it end with an error, or without being asked to? */
  get failed(): boolean {
    return this.#failed;
  }

  /** Asks it to stop gracefully. */
  stop(): void {
    this.#asked = 'to stop';
    this.#thread.postMessage('stop');
  }

  /** Ends its thread immediately. What it has open is closed when the process ends. */
  terminate(): void {
    this.#asked = 'to end at once';
    void this.#thread.terminate();
  }

  #ends(status: number): void {
    this.#hasEnded = true;
    const reasons = this.#errors.map((error) => inspect(error));
    const asWanted =
      this.#asked === 'to end at once' || (this.#asked === 'to stop' && status === 0);
    if (reasons.length === 0 && !asWanted) reasons.push(`its thread ended with status ${status}`);
    if (reasons.length === 0) return;
    this.#failed = true;
    this.#onFailure(`worker ${this.#number} failed: ${reasons.join('\n')}`);
  }
}
