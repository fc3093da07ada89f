import type { Scope } from '../context/context.ts';
import type { AsyncGenerators } from './open-generators.ts';
import type { Turns } from './turns.ts';

/**
 * The context of a report to the exception handler: always a `message`, mostly the `exception`, and the
 * objects concerned, under asyncio's names.
 *
 * @see asyncio's `loop.call_exception_handler()`,
 *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_exception_handler
 */
export interface ExceptionContext {
  /** What happened, in a line. */
  message?: string;
  /** What was thrown; whatever a program throws, an `Error` or not. */
  exception?: unknown;
  /** The future or task that failed; its printed form, where it no longer exists. */
  future?: unknown;
  /** The task that is concerned; its printed form, where it no longer exists. */
  task?: unknown;
  /** The handle whose callback failed. */
  handle?: unknown;
  /** The socket that is concerned. */
  socket?: unknown;
  /** Where the object was made, innermost frame first; known in debug mode. */
  sourceTraceback?: readonly string[];
  /** Where the handle that was running was made; known in debug mode. */
  handleTraceback?: readonly string[];
  /** Whatever else a program wants to tell. */
  [key: string]: unknown;
}

/** What can be called off. */
export interface Cancellable {
  cancel(): void;
}

/**
 * What lower rooms need of a loop, so that none of them has to import the `Loop` class.
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
  ): Cancellable;
  callAt<A extends unknown[]>(
    when: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): Cancellable;
  callExceptionHandler(context: ExceptionContext): void;
  /** @internal like `callSoon`, in a scope that is given; none: an empty one */
  _callSoonIn<A extends unknown[]>(
    scope: Scope | undefined,
    callback: (...args: A) => unknown,
    ...args: A
  ): Cancellable;
  /** @internal ends the run with `error`: somebody threw a KeyboardInterrupt or SystemExit */
  _interrupt(error: unknown): void;
  /** @internal runs again, for a call that goes on when all tasks are done; `false`: it does not */
  _wake(): boolean;
  /** @internal is told that one of the things that it may run for is gone */
  _hasLessToDo(): void;
  /** @internal itself, in the form of an option: one object for all futures */
  readonly _asOption: { readonly loop: LoopCore };
  /** @internal the tasks that are not done; held strongly */
  readonly _tasks: Set<object>;
  /** @internal the generators that have begun and not ended */
  readonly _asyncgens: AsyncGenerators;
}
