import type { Scope } from '../context/context.ts';
import type { AsyncGenerators } from './open-generators.ts';
import type { Turns } from './turns.ts';

/**
 * The context of a report to the exception handler.
 *
 * It always has a `message`, usually the `exception`, and the related objects, under asyncio's
 * names.
 *
 * @see asyncio's `loop.call_exception_handler()`,
 *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_exception_handler
 */
export interface ExceptionContext {
  /** A one-line description. */
  message?: string;
  /** The thrown value; not necessarily an `Error`. */
  exception?: unknown;
  /** The future or task that failed; its printed form, if it no longer exists. */
  future?: unknown;
  /** The related task; its printed form, if it no longer exists. */
  task?: unknown;
  /** The handle whose callback failed. */
  handle?: unknown;
  /** The related socket. */
  socket?: unknown;
  /** Where the object was created, innermost frame first; only in debug mode. */
  sourceTraceback?: readonly string[];
  /** Where the running handle was created; only in debug mode. */
  handleTraceback?: readonly string[];
  /** Other details that a program adds. */
  [key: string]: unknown;
}

/** Something that can be cancelled. */
export interface Cancellable {
  cancel(): void;
}

/** Something that happens at its time, unless it is cancelled. */
export interface Scheduled extends Cancellable {
  /** On the loop's clock. */
  when(): number;
}

/**
 * What lower layers need from a loop, so that none of them has to import the `Loop` class.
 *
 * Members with an underscore are internal.
 */
export interface LoopCore {
  /** @internal the queue */
  readonly _turns: Turns;
  time(): number;
  getDebug(): boolean;
  isClosed(): boolean;
  isRunning(): boolean;
  callSoon<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): Cancellable;
  callLater<A extends unknown[]>(
    delay: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): Scheduled;
  callAt<A extends unknown[]>(
    when: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): Scheduled;
  callExceptionHandler(context: ExceptionContext): void;
  /** @internal like `callSoon`, in a given scope; `undefined` for an empty one */
  _callSoonIn<A extends unknown[]>(
    scope: Scope | undefined,
    callback: (...args: A) => unknown,
    ...args: A
  ): Cancellable;
  /** @internal ends the run with `error`, a KeyboardInterrupt or SystemExit */
  _interrupt(error: unknown): void;
  /**
   * @internal starts running again, for a call that continues after all tasks are done; returns
   *   whether it does
   */
  _wake(): boolean;
  /** @internal something that the loop may run for is gone */
  _hasLessToDo(): void;
  /** @internal the loop in an options object, shared by all futures */
  readonly _asOption: { readonly loop: LoopCore };
  /** @internal the tasks that are not done; strong references */
  readonly _tasks: Set<object>;
  /** How many seconds a step may take before it counts as slow. */
  readonly slowCallbackDuration: number;
  /** @internal the generators that have started and not ended */
  readonly _asyncgens: AsyncGenerators;
}
