import { DEBUG_STACK_DEPTH } from '../../base/constants.ts';
import { endsTheLoop } from '../../base/errors/errors.ts';
import { printsAsText } from '../../base/printing/inspect.ts';
import { formatCallback } from '../../base/printing/repr.ts';
import { userStack } from '../../base/stacks/capture.ts';
import { siteOf } from '../../base/stacks/user-frames.ts';
import { type Context, Scope, startInScope } from '../context/context.ts';
import type { ExceptionContext, LoopCore } from './loop-core.ts';
import type { Runnable } from './ready-entry.ts';
import { isBefore, type Numbered, nextTimerNumber } from './timer-heap.ts';

/**
 * A callback that waits for its turn; the result of `callSoon()`.
 *
 * This is the only place where errors of callbacks are caught.
 *
 * @see asyncio's `Handle`, https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.Handle
 */
export class Handle implements Runnable {
  static {
    printsAsText(this);
    // Rarely set fields are on the prototype, because there may be very many handles.
    Object.assign(this.prototype, {
      _sourceTraceback: undefined,
      _cancelled: false,
      _printed: undefined,
    });
  }

  /** @internal removed when the handle is cancelled, with the arguments */
  _callback: ((...args: never[]) => unknown) | undefined;
  /** @internal the arguments; or the only argument, unless it is an array */
  _args: unknown;
  /** @internal */
  readonly _loop: LoopCore;
  /** @internal where it was created, in debug mode */
  declare readonly _sourceTraceback: readonly string[] | undefined;
  /** The scope of the callback; created on demand if the context is empty. */
  #scope: Scope | undefined;
  declare private _cancelled: boolean;
  /** What the handle printed before it was cancelled, in debug mode. */
  declare private _printed: string | undefined;

  /**
   * @internal
   *
   * @param scope - `undefined` for a new empty one
   */
  constructor(
    callback: (...args: never[]) => unknown,
    args: readonly unknown[],
    loop: LoopCore,
    scope: Scope | undefined,
  ) {
    this._callback = callback;
    // Most have no or one argument, and need no array while they wait.
    if (args.length === 0) this._args = NONE;
    else this._args = args.length > 1 || isList(args[0]) ? args : args[0];
    this._loop = loop;
    this.#scope = scope;
    if (loop.getDebug()) this._sourceTraceback = userStack(DEBUG_STACK_DEPTH);
  }

  /** Cancels the callback. Has no effect if it was already called. */
  cancel(): void {
    if (this._cancelled) return;
    this._cancelled = true;
    if (this._loop.getDebug()) this._printed = this._form();
    this._callback = undefined;
    this._args = NONE;
  }

  /** Was it cancelled? */
  cancelled(): boolean {
    return this._cancelled;
  }

  /** The context that the callback runs in. */
  getContext(): Context {
    return this._scope.context;
  }

  /** `<Handle cb()>`; in debug mode with the arguments, and ` created at FILE:LINE`. */
  toString(): string {
    const parts = [this.constructor.name];
    if (this._cancelled) parts.push('cancelled');
    parts.push(...this._moment());
    const form = this._printed ?? this._form();
    if (form !== '') parts.push(form);
    const site = siteOf(this._sourceTraceback?.[0]);
    if (site !== undefined) parts.push(`created at ${site}`);
    return `<${parts.join(' ')}>`;
  }

  /** @internal */
  _run(): void {
    if (this._callback === undefined) return;
    try {
      const result = startInScope(this._scope, Handle.#call, this);
      if (result !== undefined) this._follow(result);
    } catch (error) {
      this._report(error);
    }
  }

  static #call(handle: Handle): unknown {
    const callback = handle._callback as (...args: unknown[]) => unknown;
    const args = handle._args;
    if (args === NONE) return callback();
    // Spreading a list is slow.
    return isList(args) ? callback(...args) : callback(args);
  }

  /** @internal the callback, if there is one; in debug mode with its arguments */
  _form(): string {
    if (this._callback === undefined) return '';
    // Arguments may be secret, so they are shown only in debug mode.
    if (!this._loop.getDebug()) return formatCallback(this._callback);
    return formatCallback(this._callback, isList(this._args) ? this._args : [this._args]);
  }

  /** @internal when a timer is due, for its printed form */
  _moment(): string[] {
    return [];
  }

  private get _scope(): Scope {
    this.#scope ??= new Scope(undefined);
    return this.#scope;
  }

  /** Reports the failure of an `async` function. Coroutines and futures report their own. */
  private _follow(result: unknown): void {
    if (result instanceof Promise) result.then(undefined, (error) => this._report(error));
  }

  private _report(error: unknown): void {
    if (endsTheLoop(error)) {
      this._loop._interrupt(error);
      return;
    }
    const context: ExceptionContext = {
      // A callback that was cancelled while running has been removed.
      message: `Exception in callback ${this._form() || 'None()'}`,
      exception: error,
      handle: this,
    };
    if (this._sourceTraceback !== undefined) context.sourceTraceback = this._sourceTraceback;
    startInScope(this._scope, () => this._loop.callExceptionHandler(context), undefined);
  }
}

/** No arguments. */
const NONE: readonly unknown[] = [];

function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    // A revoked proxy.
    return false;
  }
}

/**
 * A callback that waits for its time; the result of `callLater()` and `callAt()`.
 *
 * @see asyncio's `TimerHandle`,
 *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.TimerHandle
 */
export class TimerHandle extends Handle implements Numbered {
  /** @internal is it in the loop's heap? */
  _scheduled = false;
  /** @internal */
  readonly _when: number;
  /** @internal */
  readonly _number: number;

  /** @internal */
  constructor(
    when: number,
    callback: (...args: never[]) => unknown,
    args: readonly unknown[],
    loop: LoopCore,
    scope: Scope | undefined,
  ) {
    super(callback, args, loop, scope);
    this._when = when;
    this._number = nextTimerNumber();
  }

  /** When the callback is due, in seconds on the loop's clock. */
  when(): number {
    return this._when;
  }

  override cancel(): void {
    if (this._isDropped) return;
    super.cancel();
    this._loop._turns.timerDropped(this);
  }

  /** @internal */
  get _isDropped(): boolean {
    return this.cancelled();
  }

  /** @internal */
  _before(other: Numbered): boolean {
    return isBefore(this, other);
  }

  /** @internal */
  override _moment(): string[] {
    return [`when=${this._when}`];
  }
}
