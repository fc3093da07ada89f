import type { Worker } from 'node:worker_threads';
import { continuesAtAwait } from '../base/errors/await-stack.ts';
import { CancelledError, RuntimeError } from '../base/errors/errors.ts';
import { typeError } from '../base/errors/refusals.ts';
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
  /** The call was dropped: its failure need not be reported. */
  silence(): void;
}

/**
 * A thread that makes one call at a time, as seen from the thread that started it.
 *
 * The process stays alive during a call; idle threads do not keep it alive.
 *
 *           begin()               the call has ended
 *   idle ────────────▶ calling ────────────────────────▶ idle ──────▶ ended
 *                         │                                   end()     ▲
 *                         └─────────────────────────────────────────────┘
 *                       it ended itself: by an error or process.exit(); or terminate()
 */
export class Thread {
  /** Fulfilled when the thread has ended, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  /** The current call. */
  #job: Job | undefined;
  /** The error that ended it, if any. */
  #error: unknown;

  /** @param onIdle - called when a call has ended and another one can start */
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
   * Starts a call.
   *
   * @throws {TypeError} when the arguments cannot be sent; the thread stays idle
   */
  begin(job: Job): void {
    try {
      this.#worker.postMessage(job.call);
    } catch (error) {
      throw cloneError(error);
    }
    this.#job = job;
    this.#worker.ref();
  }

  /**
   * Ends it immediately if it is making this call, which then fails with a `CancelledError`.
   *
   * @returns whether it did
   */
  terminate(job: Job): boolean {
    if (this.#job !== job) return false;
    this.#job = undefined;
    job.silence();
    job.reject(new CancelledError());
    this.#worker.removeAllListeners('message');
    void this.#worker.terminate();
    return true;
  }

  /** Lets the process end while the thread is idle. */
  rest(): void {
    this.#worker.unref();
  }

  /** Ends an idle thread. */
  end(): void {
    this.#worker.ref();
    this.#worker.postMessage('end');
  }

  #settle(answer: ThreadAnswer): void {
    const job = this.#job;
    this.#job = undefined;
    if (job === undefined) return;
    if ('result' in answer) job.resolve(answer.result);
    else job.reject(continuesAtAwait(unpackValue(answer.thrown)));
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
    // Like Python's threading.excepthook: the error belongs to no call that anything waits for.
    else if (error !== undefined) log(`Exception in thread\n${stackOf(error)}`);
  }
}

/**
 * Clones arguments, which checks whether they can be sent, and keeps their current state.
 *
 * @throws {TypeError} when they cannot be sent
 */
export function cloneForThread(args: readonly unknown[]): readonly unknown[] {
  try {
    return structuredClone(args);
  } catch (error) {
    throw cloneError(error);
  }
}

/** Rewords the platform's error about values that cannot be cloned. */
function cloneError(error: unknown): unknown {
  if (!(isA(error, Error) && error.name === 'DataCloneError')) return error;
  return typeError(
    `arguments are sent to a thread as copies, and functions, promises and objects with private fields cannot be copied: ${error.message}`,
    { cause: error },
  );
}

/** thread-program.ts with all its imports, as text, inserted by the build. */
declare const THREAD_PROGRAM: string;

/**
 * The URL of the thread's program. It contains the whole program, because a bundled application has
 * no separate file of ours.
 *
 * A data URL works with all flags, which the thread inherits as usual. Node refuses `--input-type`
 * for files, and a process that runs `--eval` passes it on to threads. An explicit `execArgv` may
 * not contain V8's flags, such as `--max-old-space-size`, or process-wide ones, such as `--title`.
 * A thread whose program is given as a script (`eval`) lacks preloaded modules.
 */
function programUrl(): URL {
  const text = `${THREAD_PROGRAM}\n//# sourceURL=asyncio-ts:thread-program`;
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}
