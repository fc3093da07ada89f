import type { Worker } from 'node:worker_threads';
import { CancelledError, RuntimeError } from '../base/errors/errors.ts';
import { log } from '../base/log/log.ts';
import { workerThreads } from '../base/node-modules.ts';
import { stackOf } from '../base/stacks/error-report.ts';
import { isA } from '../base/values/attempt.ts';
import type { ThreadAnswer, ThreadCall } from './thread-call.ts';
import { unpackValue } from './unpack-error.ts';

/** A call for a thread, and the receiver of its outcome. */
export interface Job {
  readonly call: ThreadCall;
  resolve(result: unknown): void;
  reject(error: unknown): void;
  /** Somebody took it back: nobody needs to ask for its failure. */
  excuse(): void;
}

/**
 * A thread that makes one call at a time, as the thread that started it sees it.
 *
 * The process stays alive while a call is made, and no longer for the sake of threads.
 *
 *           begin()               the call has ended
 *   idle ────────────▶ calling ────────────────────────▶ idle ──────▶ ended
 *                         │                                   end()     ▲
 *                         └─────────────────────────────────────────────┘
 *                       it ended by itself: by an error, process.exit(); or terminate()
 */
export class Thread {
  /** Fulfilled when the thread has ended, however that came. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  /** What it calls now. */
  #job: Job | undefined;
  /** What ended it, where that was an error. */
  #error: unknown;

  /** @param onIdle - called when a call has ended and another one can be begun */
  constructor(onIdle: (thread: Thread) => void) {
    const node = workerThreads();
    this.#worker = new node.Worker(programUrl(), { env: node.SHARE_ENV });
    this.#worker.on('message', (answer: ThreadAnswer) => {
      this.#settle(answer);
      onIdle(this);
    });
    this.#worker.on('error', (error) => {
      this.#error = error;
    });
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', (status) => {
        this.#ends(status);
        resolve();
      });
    });
  }

  /**
   * Has it make a call.
   *
   * @throws {TypeError} when the arguments cannot cross; the thread is idle as before
   */
  begin(job: Job): void {
    try {
      this.#worker.postMessage(job.call);
    } catch (error) {
      throw refusal(error);
    }
    this.#job = job;
    this.#worker.ref();
  }

  /**
   * Ends it at once, if it makes this call, which fails with a `CancelledError`.
   *
   * @returns did it?
   */
  terminate(job: Job): boolean {
    if (this.#job !== job) return false;
    this.#job = undefined;
    job.excuse();
    job.reject(new CancelledError());
    this.#worker.removeAllListeners('message');
    void this.#worker.terminate();
    return true;
  }

  /** Has nobody wait for it: it has nothing to do. */
  rest(): void {
    this.#worker.unref();
  }

  /** Ends it: it is idle. */
  end(): void {
    this.#worker.ref();
    this.#worker.postMessage('end');
  }

  #settle(answer: ThreadAnswer): void {
    const job = this.#job;
    this.#job = undefined;
    if (job === undefined) return;
    if ('result' in answer) job.resolve(answer.result);
    else job.reject(unpackValue(answer.thrown));
  }

  #ends(status: number): void {
    const job = this.#job;
    this.#job = undefined;
    const error = this.#error;
    if (job !== undefined)
      job.reject(
        new RuntimeError(
          error === undefined
            ? `the thread ended with status ${status} before ${job.call.callee.name}() did`
            : `the thread failed before ${job.call.callee.name}() ended`,
          error === undefined ? undefined : { cause: error },
        ),
      );
    // As Python's threading.excepthook: it belongs to no call that anybody waits for.
    else if (error !== undefined) log(`Exception in thread\n${stackOf(error)}`);
  }
}

/**
 * Looks whether arguments can cross, and keeps them as they are now.
 *
 * @throws {TypeError} when they cannot
 */
export function cloneForThread(args: readonly unknown[]): readonly unknown[] {
  try {
    return structuredClone(args);
  } catch (error) {
    throw refusal(error);
  }
}

/** In our words, what the platform says of values that cannot be cloned. */
function refusal(error: unknown): unknown {
  if (!(isA(error, Error) && error.name === 'DataCloneError')) return error;
  return new TypeError(
    `arguments are sent to a thread as copies, and functions, promises and objects with private fields cannot be copied: ${error.message}`,
    { cause: error },
  );
}

/** thread-program.ts with all that it imports, as text: the build puts it here. */
declare const THREAD_PROGRAM: string;

/**
 * The program of the thread: a URL that has all of it, since a program that bundles its libraries has no
 * file of ours beside it.
 *
 * Node refuses `--input-type` for files, and a thread inherits it from a process that runs `--eval`. This
 * is no file; so a thread inherits all flags, as Node does it. A list of its own (`execArgv`) may have
 * none of V8's, as `--max-old-space-size`, and none of the whole process, as `--title`. What it preloads
 * would be missing in a thread that is given its program as a script (`eval`).
 */
function programUrl(): URL {
  const text = `${THREAD_PROGRAM}\n//# sourceURL=asyncio-ts:thread-program`;
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}
