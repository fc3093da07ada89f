import { throwIntoAwait } from '../../base/errors/await-stack.ts';
import {
  CancelledError,
  endsTheLoop,
  isException,
  madeForAwait,
  RuntimeError,
} from '../../base/errors/errors.ts';
import { currentScope, runInScope } from '../context/context.ts';
import { suspendedFrames } from '../futures/await-stacks.ts';
import type { LoopCore } from '../turns/loop-core.ts';
import { noteAbandoned } from './abandoned.ts';
import { cancelOf } from './cancel-in-error.ts';
import { CancelScope, noteOpened } from './cancel-scope.ts';
import { Cancel, cancelsIn } from './kept/cancel.ts';
import { CancelPath, RUNS_BODY } from './kept/cancel-path.ts';
import { LeftTask } from './left-calls.ts';
import { cancelScope } from './self-cancel.ts';

/** What a limit needs from its task. */
export interface LimitedTask {
  readonly _loop: LoopCore;
  getName(): string;
  /** Counts a cancel of part of it. */
  _countCancel(by?: string): void;
  /** Withdraws one that was counted. */
  _uncountCancel(): void;
}

/** Options of functions with a limit. */
export interface Abandoning {
  /**
   * What to do when the limit is reached while the body waits for a promise that this library did
   * not create. By default the body is abandoned, and the caller continues immediately. `false`
   * waits until the body has ended, however long that takes, as asyncio does.
   */
  readonly abandon?: boolean | undefined;
}

/** What a limit needs from its `Timeout`. */
interface LimitTimeout {
  /** When it cancels the body, on the loop's clock. */
  when(): number | undefined;
  /** Called when the body has ended, or is abandoned. */
  _exit(): void;
}

/** Options of {@link Limit.open}. */
export interface LimitOptions extends Abandoning {
  /** The function that the user called: `timeout`. */
  readonly name: string;
  /** Does a cancel of the task wait until the body ends? */
  readonly shield?: boolean | undefined;
  /** Cancels the body on time. */
  readonly timeout?: LimitTimeout | undefined;
}

/**
 * Part of a task that can be cancelled separately, such as the body of a `timeout()`.
 *
 *            cancel()                     the body ends
 *   open ─────────────────▶ cancelled ─────────────────────────▶ over
 *     │                         │                                 ▲
 *     │                         │ the body has not seen the       │ the body ends
 *     │ the body ends           ▼ cancel: it awaits nothing of ours
 *     │                     abandoned ────────────────────────────┤
 *     └───────────────────────────────────────────────────────────┘
 *
 * Its own cancels are withdrawn when it is over or abandoned. The code that waits for an abandoned
 * body continues with the limit's error; our next `await` in the body throws.
 */
export class Limit extends CancelScope {
  #state: 'open' | 'cancelled' | 'abandoned' | 'over' = 'open';
  readonly #task: LimitedTask;
  /** The number of cancels that were seen when it started, which are not its own. */
  #before: number;
  readonly #name: string;
  readonly #abandons: boolean;
  readonly #timeout: LimitOptions['timeout'];
  /** Has the body seen the last cancel that was sent to it? */
  #isSeen = false;
  /** Settle the promise that the caller awaits. */
  #resolve: (value: never) => void = nothing;
  #reject: (error: unknown) => void = nothing;
  /** Removes it from the abandoned bodies. */
  #forget: () => void = nothing;
  #errorFor: (cancel: CancelledError) => unknown = unchanged;

  private constructor(within: CancelScope, task: LimitedTask, options: LimitOptions) {
    // The body sees the variables of a `Context.run()` around it.
    super(currentScope()?._contextSoFar);
    if (options.shield === true) this._isShielded = true;
    within._openBelow(this);
    this.#name = options.name;
    this.#task = task;
    this.#abandons = options.abandon !== false;
    this.#timeout = options.timeout;
    noteOpened(this);
    this.#before = this._requestsInForce - this._requestsAhead;
  }

  /**
   * Opens a limit in the current task, or in a call left behind by one.
   *
   * @param otherwise - the error text if there is no current task
   * @throws {RuntimeError} when there is no current task
   */
  static open(options: LimitOptions, otherwise: string): Limit {
    const within = currentScope()?._awaitsIn as CancelScope | undefined;
    const loop = within?._root._ownLoop;
    if (within === undefined || loop === undefined) throw new RuntimeError(otherwise);
    const task = within.task ?? new LeftTask(loop);
    return new Limit(within, task as LimitedTask, options);
  }

  override _ignoreRequests(count: number): void {
    this.#before += count;
    super._ignoreRequests(count);
  }

  override get _until(): number | undefined {
    return this.#timeout?.when();
  }

  override get _isLimit(): boolean {
    return true;
  }

  override _bodySees(): void {
    this.#isSeen = true;
    this._leftBranch?._sees();
  }

  protected override _reach(request: Cancel): boolean {
    this.#isSeen = false;
    return super._reach(request);
  }

  /** Cancels the body. */
  cancel(by?: string): void {
    if (this.#state === 'over' || this.#state === 'abandoned') return;
    this.#state = 'cancelled';
    this._requests += 1;
    this.#task._countCancel(by);
    cancelScope(this);
    if (this.#abandons) this.#lookLater();
  }

  /**
   * An error that is about to be thrown hides the cancels of scopes above, if there are any: the
   * next `await` of the code that awaits the running function throws them again.
   */
  throwAgain(): void {
    const within = this._parent as CancelScope;
    const path = CancelPath.ofCallers();
    for (let scope: CancelScope | undefined = within; scope; scope = scope._above)
      if (scope._requests > 0) new Cancel(scope)._deferTo(path, within, 'error');
  }

  /**
   * Runs `body`; the caller awaits what this returns.
   *
   * @param errorFor - makes the error to throw if our cancel, and no other, ended the body
   */
  run<T>(
    body: () => T | PromiseLike<T>,
    errorFor: (cancel: CancelledError) => unknown,
  ): Promise<T> {
    this.#errorFor = errorFor;
    if (this._leftBranch !== undefined && this.#abandons) this.#lookLater();
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      // With the promise's own functions, so that V8 shows the callers when something fails in the
      // body.
      nativeThen.call(
        runInScope(this, runBodyOfLimit, { limit: this, body }),
        resolve as never,
        reject,
      );
    });
  }

  /**
   * @internal the body has ended
   *
   * @param failure - how it failed, unless it has returned
   * @returns the error to throw instead
   */
  _end(failure: Failure | undefined): Failure | undefined {
    const wasAbandoned = this.#state === 'abandoned';
    const wasCancelled = this.#state === 'cancelled';
    const hasKept = this._wasKept;
    this.#state = 'over';
    if (wasAbandoned) {
      // What still awaits in it stays there: cancels of the code that has continued are not for it.
      this._unpend();
      this.#forget();
      if (failure !== undefined) this.#report(failure.error);
      return failure;
    }
    this.#timeout?._exit();
    this._close();
    if (this._deferred !== undefined) this.#passDeferred(CancelPath.ofCallers());
    if (!wasCancelled) return failure;
    this.#takeBack();
    const cancel = failure === undefined ? keptAs(hasKept) : cancelOf(failure.error);
    if (cancel === undefined) return failure;
    const error =
      this._requestsInForce <= this.#before ? this.#errorFor(cancel) : (failure?.error ?? cancel);
    return { error };
  }

  /** Passes the cancels that this shield has held back to the code of `path`, after it. */
  #passDeferred(path: CancelPath | undefined): void {
    const within = this._parent as CancelScope;
    const cancels = cancelsIn(this._deferred);
    within._isDelivered(cancels);
    for (const cancel of cancels) cancel._deferTo(path, within, 'shield');
    this._deferred = undefined;
  }

  #takeBack(): void {
    for (; this._requests > 0; this._requests -= 1) this.#task._uncountCancel();
  }

  /** Looks a turn later: by then the body has seen the cancel, if an `await` can throw it. */
  #lookLater(): void {
    this.#task._loop._turns.soon({ _run: () => this.#look(), _subject: this.#task });
  }

  #look(): void {
    if (this.#state !== 'cancelled' && !this.#isOfLeft) return;
    if (this._isAwaiting || this._hasShields) {
      const forget = this._onLeave(() => {
        forget();
        this.#lookLater();
      });
    } else if (!this.#isSeen) {
      // If limits below are abandoned, the body sees the cancel where it awaits them.
      if (this._giveUpBelow()) this.#lookLater();
      else this.#giveUp();
    }
  }

  /** Was it opened by code of an abandoned body that has not seen its cancel? */
  get #isOfLeft(): boolean {
    return this.#state === 'open' && this._leftBranch !== undefined;
  }

  protected override _giveUpToo(): boolean {
    if (this._giveUpBelow()) return true;
    if (!this.#abandons || this.#isSeen) return false;
    this.#giveUp();
    return true;
  }

  /** The caller continues without the body. */
  #giveUp(): void {
    const isOfLeft = this.#isOfLeft;
    this.#state = 'abandoned';
    this.#timeout?._exit();
    this.#takeBack();
    this._leftBranch?._sees();
    const isOurs = !isOfLeft && this._requestsInForce <= this.#before;
    const site = suspendedFrames(this.#task)[0]?._site;
    this.#forget = noteAbandoned(
      this,
      this.#task._loop,
      `${this.#task.getName()}: the body of ${this.#name}()`,
      site === undefined ? '' : `, at ${site}`,
    );
    const within = this._parent as CancelScope;
    const passed = isOurs || this._isShielded ? undefined : within._takeAll();
    this._detach();
    this._abandon(new Cancel(this));
    const cancel = madeForAwait(() => new CancelledError(passed?.message));
    throwIntoAwait(
      this.#resolve,
      this.#reject,
      isOurs ? this.#errorFor(cancel) : cancel,
      (passed ?? this._deferred) &&
        ((frames) => {
          for (const each of cancelsIn(passed)) each._see(CancelPath.of(frames), within);
          this.#passDeferred(CancelPath.waiting(frames));
        }),
    );
  }

  /** Reports the error of an abandoned body, which nothing awaits. */
  #report(error: unknown): void {
    const loop = this.#task._loop;
    if (endsTheLoop(error)) loop._interrupt(error);
    else if (cancelOf(error) === undefined && isException(error))
      loop.callExceptionHandler({
        message: `The body of ${this.#name}() failed after it was abandoned`,
        exception: error,
        task: this.#task,
      });
  }
}

// Not in the fields, where each limit would create its own.
const nothing = (): void => {};
const unchanged = (cancel: CancelledError): unknown => cancel;

/** How a body ended, if it did not return. */
interface Failure {
  readonly error: unknown;
}

/** A body that kept the cancel from itself counts as having seen it. */
function keptAs(hasKept: boolean): CancelledError | undefined {
  return hasKept ? new CancelledError() : undefined;
}

/** Identified by its name in stacks, even in a minified program. */
async function runBodyOfLimit<T>(call: {
  readonly limit: Limit;
  readonly body: () => T | PromiseLike<T>;
}): Promise<T> {
  const { limit, body } = call;
  let result: T | undefined;
  let failure: Failure | undefined;
  try {
    result = await body();
  } catch (error) {
    failure = { error };
  }
  const thrown = limit._end(failure);
  if (thrown !== undefined) throw thrown.error;
  return result as T;
}

Object.defineProperty(runBodyOfLimit, 'name', { value: RUNS_BODY });

const nativeThen = Promise.prototype.then;
