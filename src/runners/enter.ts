import { checkOptions } from '../base/check-options.ts';
import { CancelledError, RuntimeError } from '../base/errors/errors.ts';
import { queueMicrotask } from '../base/node-timers.ts';
import { isA } from '../base/values/attempt.ts';
import type { Context } from '../core/context/context.ts';
import { type Abortable, checkSignal } from '../core/coroutines/abort-signals.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import { describedPromise } from '../core/futures/described-promise.ts';
import type { Future } from '../core/futures/future.ts';
import { runningLoop } from '../core/turns/running-loop.ts';
import type { Loop } from '../loop/loop.ts';
import { withExitStatus } from '../loop/signals/exit-status.ts';
import { cancelledBy, type Main, toTaskBody } from './main.ts';
import { SharedLoop } from './shared-loop.ts';

/** Options for {@link enter}. */
export interface EnterOptions extends Pick<Abortable, 'signal'> {
  /** The name of the task; by default `Task-N`. */
  readonly name?: string | undefined;
  /** The context that the task runs in; by default a copy of the current one. */
  readonly context?: Context | undefined;
}

/** The loop for callers while no other loop is running. */
let shared: SharedLoop | undefined;

/**
 * Runs `body` as a task, from anywhere in an existing program: a request handler, an event
 * listener, a test.
 *
 * The task runs on the loop that is running in this thread. If there is none, it runs on a loop
 * that all callers of `enter()` share. It runs, and keeps the process alive, while it has a task, a
 * call that was not awaited, or an open server or connection: whatever `body` leaves behind
 * continues. Close servers, as with `node:http`. Otherwise the loop rests. Its timers still fire,
 * but do not keep the process alive. While it has no task, `run()` can be used.
 *
 * The shared loop leaves Ctrl-C and other signals to the program, and its `loop.stop()` throws.
 * Open generators of `asyncgen()` are closed when they are collected. Threads of `toThread()` are
 * kept for later calls. Debug mode is on if the environment variable `ASYNCIO_DEBUG` is set, or
 * after `loop.setDebug(true)`.
 *
 * On the loop of `run()`, the task is cancelled when that ends, like all remaining tasks.
 *
 * `body` sees the `AsyncLocalStorage` stores and the context variables of the caller. The promise
 * is an ordinary one: a cancel of a task that awaits it does not reach `body`, so await `body`
 * directly in tasks. If `body` fails and the error is not handled, Node reports an unhandled
 * rejection. A cancel is not reported.
 *
 * Not in asyncio.
 *
 * @param body - a coroutine, or a function without arguments that returns a promise; any other
 *   awaitable is awaited
 * @param options - `signal`: cancels the task when aborted; `name`; `context`
 * @returns a promise of what `body` returns
 * @throws what `body` throws
 * @throws the reason of `signal`, when that was aborted and the cancel ended `body`; if it was
 *   already aborted, `body` does not start
 * @throws {CancelledError} when the task was cancelled in another way
 * @throws {TypeError} when `body` cannot be awaited, or `signal` is not an `AbortSignal`
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 *
 * createServer(async (request, response) => {
 *   const client = new AbortController();
 *   response.once('close', () => client.abort());
 *   const body = () => asyncio.timeout(5, () => asyncio.sleep(1, `you asked for ${request.url}`));
 *   response.end(await asyncio.enter(body, { signal: client.signal }).catch(String));
 * });
 * ```
 */
export function enter<T>(body: Main<T>, options: EnterOptions = {}): Promise<T> {
  let task: Future<T> | undefined;
  const begin = (resolve: (value: T) => void, reject: (error: unknown) => void): void => {
    checkOptions(options, 'signal name context');
    const { signal, name, context } = options;
    const main = toTaskBody(body);
    checkSignal(signal);
    if (signal?.aborted) {
      if (main instanceof Coroutine) main.close();
      ignoreCancel();
      throw signal.reason;
    }
    const loop = loopToEnter();
    const isShared = loop instanceof SharedLoop;
    const entered = isShared
      ? loop._enter(main, { name, context })
      : loop.createTask(main, { name, context });
    task = entered;
    const { forget, errorFor } = cancelledBy(signal, entered);
    const settle = (): void => {
      try {
        resolve(entered.result());
      } catch (error) {
        if (isA(error, CancelledError)) ignoreCancel();
        reject(withExitStatus(errorFor(error)));
      }
    };
    entered.addDoneCallback(function leave(done): void {
      forget();
      if (isShared) loop._leave(done, settle);
      else settle();
    });
  };
  const promise = describedPromise(begin, () => ({ operation: 'enter', on: task }));
  return promise;

  /** Callers that ignore the promise need not handle a cancel. */
  function ignoreCancel(): void {
    queueMicrotask(() => promise.catch(() => {}));
  }
}

/**
 * Checks that another loop may run: none is running, or only that of {@link enter}, without a task.
 *
 * @throws {RuntimeError} when another loop may not run
 */
export function checkMayRun(method: string): void {
  const running = runningLoop();
  const isShared = running instanceof SharedLoop;
  if (running === undefined || (isShared && !running._hasTasks)) return;
  const hint = isShared ? ', that of enter(): write enter(main)' : '';
  throw new RuntimeError(`${method} cannot be called from a running event loop${hint}`);
}

function loopToEnter(): Loop {
  const running = runningLoop();
  if (running !== undefined) return running as Loop;
  if (shared === undefined || shared.isClosed()) shared = new SharedLoop();
  return shared;
}
