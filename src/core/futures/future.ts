import { checkOptions } from '../../base/check-options.ts';
import { checkFunction } from '../../base/check-types.ts';
import { DEBUG_STACK_DEPTH } from '../../base/constants.ts';
import {
  CancelledError,
  InvalidStateError,
  madeForAwait,
  RuntimeError,
} from '../../base/errors/errors.ts';
import { typeError } from '../../base/errors/refusals.ts';
import { printsAsText } from '../../base/printing/inspect.ts';
import { brief, formatCallback, repr, shortRepr } from '../../base/printing/repr.ts';
import { userStack } from '../../base/stacks/capture.ts';
import { siteOf } from '../../base/stacks/user-frames.ts';
import { isError, isErrorClass } from '../../base/values/is-error.ts';
import { type Context, type Scope, scopeForLater } from '../context/context.ts';
import { type FailureRecord, forgetFailure, watchFailure } from '../reports/never-retrieved.ts';
import type { LoopCore } from '../turns/loop-core.ts';
import { requireEventLoop } from '../turns/running-loop.ts';
import { Awaiter } from './awaiter.ts';
import { checkCancelMessage } from './cancel-message.ts';
import type { Purpose, WaitDescription } from './wait-description.ts';

/** The states of a future. It leaves `pending` once, for one of the others. */
export type FutureState = 'pending' | 'cancelled' | 'finished';

/** A done callback, and the scope it runs in. */
interface DoneCallback {
  readonly callback: (future: never) => unknown;
  /** If undefined, a new empty one. */
  readonly scope: Scope | undefined;
}

/** What a future calls, in order, when it is done. */
export type Entry = DoneCallback | Awaiter;

/** The futures that are being printed, in case they contain themselves. */
const printing = new Set<unknown>();

/**
 * A result that is not available yet.
 *
 * Await it: the awaiting task resumes one turn after the future is done, or immediately if it is
 * already done. It has the type of a promise, but is not one. An unhandled failure does not end the
 * process: the loop reports it once nothing can handle it any more.
 *
 * ```text
 *              setResult(), setException()
 *   pending ────────────────────────────────▶ finished
 *      │
 *      └────────────────────────────────────▶ cancelled
 *                       cancel()
 * ```
 *
 * Awaiting tasks and callbacks are called by the loop, in the order in which they were added, and
 * never inside the call that finishes the future.
 *
 * @see asyncio's `Future`, https://docs.python.org/3/library/asyncio-future.html#asyncio.Future
 */
export class Future<T> implements Promise<T> {
  static {
    printsAsText(this);
  }

  /** @internal the loop that calls callbacks */
  readonly _loop: LoopCore;
  /** @internal see the diagram above */
  _state: FutureState = 'pending';
  /** @internal what to call when it is done: one, several, or none */
  _entries: Entry | Entry[] | undefined = undefined;
  /**
   * @internal the result. `native-operation.ts` has all these fields, too, so none of them is
   *   `#private`
   */
  _result: T | undefined = undefined;

  // Rarely set fields are on the prototype, because there may be very many futures.

  /** @internal the message of the error for a cancelled future */
  declare _cancelMessage: string | undefined;
  /** @internal the error that ended a cancelled task, for the first that awaits it */
  declare _cancelledError: CancelledError | undefined;
  /** @internal did it finish with an exception? */
  declare _failed: boolean;
  /** @internal did it fail without being retrieved? */
  declare _unseen: boolean;
  /** @internal the record for the report of an unretrieved failure, once it is watched */
  declare _record: FailureRecord | undefined;
  /** @internal the exception */
  declare _exception: unknown;
  /** @internal does it resume its awaiters in its own turn, cancelled or not? */
  declare readonly _comesAnyhow: boolean;
  /** @internal where it was created, in debug mode */
  declare readonly _sourceTraceback: readonly string[] | undefined;
  /** @internal what a wait for it is for, if its class does not say */
  declare _purpose: Purpose | undefined;

  static {
    Object.assign(this.prototype, {
      _cancelMessage: undefined,
      _cancelledError: undefined,
      _failed: false,
      _unseen: false,
      _record: undefined,
      _exception: undefined,
      _comesAnyhow: false,
      _sourceTraceback: undefined,
      _purpose: undefined,
    });
  }

  /**
   * @param options - `loop`: the loop that the future belongs to; by default the running one,
   *   otherwise that of `setEventLoop()`
   * @throws {TypeError} when `options` is not an object of options, for example a loop
   * @throws {RuntimeError} when no loop is given and there is no current one
   */
  constructor(options?: { readonly loop?: LoopCore | undefined }) {
    this._loop = options?.loop ?? loopFor(options);
    if (options !== this._loop._asOption && new.target === Future) checkOptions(options, 'loop');
    if (this._loop.getDebug()) this._sourceTraceback = userStack(DEBUG_STACK_DEPTH);
  }

  /** The loop that the future belongs to. */
  getLoop(): LoopCore {
    return this._loop;
  }

  /** Does it have a result or an exception, or was it cancelled? */
  done(): boolean {
    return this._state !== 'pending';
  }

  /** Was it cancelled? */
  cancelled(): boolean {
    return this._state === 'cancelled';
  }

  /**
   * The result.
   *
   * @throws the future's exception, which then counts as retrieved
   * @throws {CancelledError} when the future was cancelled
   * @throws {InvalidStateError} when it is not done
   */
  result(): T {
    if (this._state === 'cancelled') throw this._takeCancelledError();
    if (this._state === 'pending') throw new InvalidStateError('Result is not set.');
    this._see();
    if (this._failed) throw this._exception;
    return this._result as T;
  }

  /**
   * The future's exception, or `undefined` if it has a result. It counts as retrieved.
   *
   * @throws {CancelledError} when the future was cancelled
   * @throws {InvalidStateError} when it is not done
   */
  exception(): unknown {
    if (this._state === 'cancelled') throw this._takeCancelledError();
    if (this._state === 'pending') throw new InvalidStateError('Exception is not set.');
    this._see();
    return this._failed ? this._exception : undefined;
  }

  /**
   * Finishes the future with a result.
   *
   * @throws {InvalidStateError} when it is already done
   */
  setResult(result: T): void {
    if (this._state !== 'pending') throw new InvalidStateError('invalid state');
    this._finish(result);
  }

  /**
   * Finishes the future with an exception: an error, or an error class, which is instantiated
   * without arguments.
   *
   * @throws {TypeError} when `exception` is neither
   * @throws {InvalidStateError} when the future is already done
   */
  setException(exception: Error | (new () => Error)): void {
    if (this._state !== 'pending') throw new InvalidStateError('invalid state');
    const error: unknown = isErrorClass(exception) ? new exception() : exception;
    if (!isError(error))
      throw typeError(`exception must be an Error or an error class, got ${brief(error)}`);
    this._fail(error);
  }

  /**
   * Cancels the future: it is then done, and awaiting it throws a {@link CancelledError}.
   *
   * @param message - the message of that error
   * @returns `false` if it was already done, and nothing happened
   * @throws {TypeError} when `message` is not a string
   */
  cancel(message?: string): boolean {
    checkCancelMessage(message);
    this._see();
    if (this._state !== 'pending') return false;
    this._state = 'cancelled';
    this._cancelMessage = message;
    this._tell();
    return true;
  }

  /**
   * Calls `callback` with this future when it is done; always from the loop, never immediately.
   *
   * Its errors go to the loop's exception handler.
   *
   * @param options - `context`: the context to run in, by default a copy of the current one
   * @throws {TypeError} when `callback` is not a function
   */
  addDoneCallback(
    callback: (future: this) => unknown,
    options?: { readonly context?: Context | undefined },
  ): void {
    checkFunction(callback, 'callback');
    checkOptions(options, 'context');
    const scope = scopeForLater(options?.context);
    if (this._state === 'pending') this._addEntry({ callback, scope });
    else this._loop._callSoonIn(scope, callback, this);
  }

  /**
   * Removes `callback`, as often as {@link addDoneCallback} added it.
   *
   * @returns how many times
   */
  removeDoneCallback(callback: (future: this) => unknown): number {
    const before = this._listEntries();
    const kept = before.filter((entry) => entry instanceof Awaiter || entry.callback !== callback);
    this._entries = kept.length === 0 ? undefined : kept;
    return before.length - kept.length;
  }

  /**
   * Called by `await`. Like a promise's `then`, except that an unhandled failure is reported as
   * never retrieved, not as an unhandled rejection.
   *
   * When a task awaits it, a cancel of the task cancels this future. A direct call of `then` does
   * not have that effect until its result is awaited.
   */
  // biome-ignore lint/suspicious/noThenProperty: a future is awaited, so it has one
  then<R = T, E = never>(
    onFulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    // biome-ignore lint/suspicious/noExplicitAny: as a promise's
    onRejected?: ((reason: any) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return this._ask(new Awaiter(this, onFulfilled, onRejected)) as Promise<R | E>;
  }

  /** Like a promise's `catch`. */
  // biome-ignore lint/suspicious/noExplicitAny: as a promise's
  catch<E = never>(onRejected?: ((reason: any) => E | PromiseLike<E>) | null): Promise<T | E> {
    return this.then(undefined, onRejected);
  }

  /** Like a promise's `finally`. */
  finally(onFinally?: (() => void) | null): Promise<T> {
    const callback = typeof onFinally === 'function' ? onFinally : undefined;
    return this._ask(new Awaiter(this, undefined, undefined, callback)) as Promise<T>;
  }

  /** `'Future'` */
  get [Symbol.toStringTag](): string {
    return 'Future';
  }

  /** `<Future pending cb=[cb()]>`, `<Future finished result=1>`, `<Future cancelled>`, … */
  toString(): string {
    if (printing.has(this)) return '...';
    printing.add(this);
    try {
      return `<${this._kind} ${this._parts().join(' ')}>`;
    } finally {
      printing.delete(this);
    }
  }

  // ── internal ───────────────────────────────────────────────────────────────────────────────

  /** @internal the class name in the printed form and in reports */
  get _kind(): string {
    return this.constructor.name;
  }

  /** @internal finishes with a result; it must be pending */
  _finish(result: T): void {
    this._result = result;
    this._state = 'finished';
    this._tell();
  }

  /** @internal finishes with a thrown value; it must be pending */
  _fail(exception: unknown): void {
    this._exception = exception;
    this._failed = true;
    this._state = 'finished';
    this._unseen = true;
    watchFailure(this);
    this._tell();
  }

  /** @internal finishes as cancelled, with the error of whatever produces the result */
  _endCancelled(error: CancelledError): void {
    this._state = 'cancelled';
    this._cancelledError = error;
    this._cancelMessage = undefined;
    this._tell();
  }

  /** @internal marks the outcome as retrieved */
  _see(): void {
    if (!this._unseen) return;
    this._unseen = false;
    if (this._record !== undefined) {
      forgetFailure(this._record);
      this._record = undefined;
    }
  }

  /** @internal the outcome, without marking it as retrieved */
  _outcome(): unknown {
    return this._failed ? this._exception : this._result;
  }

  /** @internal calls its callbacks, one turn later and in order */
  _tell(): void {
    const entries = this._entries;
    if (entries === undefined) return;
    this._entries = undefined;
    if (Array.isArray(entries)) for (const entry of entries) this._tellOne(entry);
    else this._tellOne(entries);
  }

  /**
   * @internal resumes its awaiters in this same turn: for something that finishes in its own turn,
   *   so that no cancel can come in between and lose the result
   */
  _tellNow(): void {
    const entries = this._entries;
    if (entries === undefined) return;
    this._entries = undefined;
    if (entries instanceof Awaiter) entries._run();
    else if (Array.isArray(entries)) {
      for (const entry of entries)
        if (entry instanceof Awaiter) entry._run();
        else this._tellOne(entry);
    } else this._tellOne(entries);
  }

  /** @internal the error for code that awaits a cancelled future */
  _makeCancelledError(): CancelledError {
    return this._cancelledError === undefined
      ? madeForAwait(() => new CancelledError(this._cancelMessage))
      : this._takeCancelledError();
  }

  /** The error for code that asks a cancelled future; for the first, the original one. */
  private _takeCancelledError(): CancelledError {
    const error = this._cancelledError ?? new CancelledError(this._cancelMessage);
    this._cancelledError = undefined;
    return error;
  }

  /** @internal */
  _addEntry(entry: Entry): void {
    const entries = this._entries;
    if (entries === undefined) this._entries = entry;
    else if (Array.isArray(entries)) entries.push(entry);
    else this._entries = [entries, entry];
  }

  /** @internal */
  _listEntries(): Entry[] {
    const entries = this._entries;
    if (entries === undefined) return [];
    return Array.isArray(entries) ? entries : [entries];
  }

  /** @internal the printed forms of its callbacks */
  _formEntries(): string[] {
    return this._listEntries().map(printEntry);
  }

  /** @internal what a wait for it is for */
  _describe(): WaitDescription {
    const purpose = this._purpose;
    return purpose === undefined ? { on: this } : { ...purpose, ...purpose.more?.() };
  }

  /** @internal what the printed form contains, in asyncio's order */
  _parts(): string[] {
    const parts: string[] = [this._state];
    if (this._state === 'finished')
      parts.push(
        this._failed ? `exception=${repr(this._exception)}` : `result=${shortRepr(this._result)}`,
      );
    const callbacks = this._formEntries();
    if (callbacks.length > 2)
      callbacks.splice(1, callbacks.length - 2, `<${callbacks.length - 2} more>`);
    if (callbacks.length > 0) parts.push(`cb=[${callbacks.join(', ')}]`);
    const site = siteOf(this._sourceTraceback?.[0]);
    if (site !== undefined) parts.push(`created at ${site}`);
    return parts;
  }

  /** @internal calls `awaiter` when it is done; returns what `then` returns */
  _ask(awaiter: Awaiter): unknown {
    if (this._state !== 'pending') {
      awaiter._deliverDone();
      return awaiter;
    }
    const scope = awaiter._wait();
    const task = scope?.task;
    if (scope === undefined) this._addEntry(awaiter);
    else if (task !== undefined && task._loop !== this._loop)
      awaiter._refuse(
        new RuntimeError(`Task ${task} got Future ${this} attached to a different loop`),
      );
    else if ((task as unknown) === this)
      awaiter._refuse(new RuntimeError(`Task cannot await on itself: ${this}`));
    else {
      this._addEntry(awaiter);
      awaiter._join(scope);
    }
    return awaiter;
  }

  /** @internal */
  _tellOne(entry: Entry): void {
    if (entry instanceof Awaiter) this._loop._turns.soon(entry);
    else this._loop._callSoonIn(entry.scope, entry.callback as (future: this) => unknown, this);
  }
}

/** The loop of a future that was created without one. */
function loopFor(options: unknown): LoopCore {
  checkOptions(options);
  if (options !== undefined && '_turns' in (options as object))
    throw typeError(`options must be an object such as { loop }, got ${brief(options)}`);
  return requireEventLoop();
}

/**
 * Is `value` a future or a task?
 *
 * @see asyncio's `isfuture()`, https://docs.python.org/3/library/asyncio-future.html#asyncio.isfuture
 */
export function isfuture(value: unknown): value is Future<unknown> {
  return value instanceof Future;
}

function printEntry(entry: Entry): string {
  return entry instanceof Awaiter ? entry._form() : formatCallback(entry.callback);
}
