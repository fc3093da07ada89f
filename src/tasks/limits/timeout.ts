import { checkOptions } from '../../base/check-options.ts';
import { type CancelledError, RuntimeError } from '../../base/errors/errors.ts';
import { TimeoutError } from '../../base/errors/os-errors.ts';
import { typeError } from '../../base/errors/refusals.ts';
import { checkTimeout } from '../../base/numbers.ts';
import { calledAs, printsAsText } from '../../base/printing/inspect.ts';
import { brief, repr } from '../../base/printing/repr.ts';
import { type Abandoning, Limit } from '../../core/cancellation/limit.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import type { Cancellable } from '../../core/turns/loop-core.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';

/** {@link Limit.run} adds the callers to the stacks of all its errors. */
class LimitCall<T> extends Coroutine<T> {
  constructor(body: () => Promise<T>, name: string) {
    super(body, name, undefined);
  }

  override get _showsCallers(): boolean {
    return true;
  }
}

/** The outcome of a body with a limit. */
export type MovedOn<T> =
  | {
      /** The body ended in time. */
      readonly expired: false;
      /** The result of the body. */
      readonly value: T;
    }
  | {
      /** The timeout cancelled the body. */
      readonly expired: true;
      /** There is no result. */
      readonly value: undefined;
    };

function checkBody(body: unknown): void {
  if (typeof body !== 'function') throw typeError(`a function was expected, got ${brief(body)}`);
}

type TimeoutState = 'created' | 'active' | 'expiring' | 'expired' | 'finished';

/**
 * A time limit for part of a task; passed to the body of {@link timeout}.
 *
 * ```text
 *            run()           the time is up             the body has ended
 *   created ──────▶ active ───────────────────▶ expiring ────────────────────▶ expired
 *                      │                                    or was abandoned
 *                      └──────────────────────▶ finished
 *                          the body has ended
 * ```
 *
 * When the time is up, the body is cancelled, but not other branches of the task. If it ends with
 * that cancel, a `TimeoutError` is thrown instead. Other cancels and errors are thrown unchanged.
 *
 * @see asyncio's `Timeout`, https://docs.python.org/3/library/asyncio-task.html#asyncio.Timeout
 */
export class Timeout {
  static {
    printsAsText(this);
  }

  /** See the diagram above. */
  #state: TimeoutState = 'created';
  /** On the loop's clock, in seconds; `undefined` for no limit. */
  #when: number | undefined;
  /** The pending call of {@link #expire}, if any. */
  #timer: Cancellable | undefined;
  /** The scope of the body, while it runs. */
  #limit: Limit | undefined;
  readonly #options: Abandoning | undefined;

  /**
   * @param when - the deadline, in seconds on the clock of `loop.time()`; `undefined` for none
   * @param options - `abandon`: see {@link timeout}
   * @throws {TypeError} when `when` is neither
   * @throws {RangeError} when `when` is NaN
   */
  constructor(when: number | undefined, options?: Abandoning) {
    checkOptions(options, 'abandon');
    checkTimeout(when, 'when');
    this.#when = when;
    this.#options = options;
  }

  /**
   * Aborted when the time is up, or when the task is cancelled. For functions that accept a signal:
   * `fetch(url, { signal: limit.signal })`.
   *
   * Not in asyncio.
   *
   * @throws {RuntimeError} when the body is not running
   */
  get signal(): AbortSignal {
    if (this.#limit === undefined)
      throw new RuntimeError(`${this} has no signal, because its body is not running`);
    return this.#limit._signal;
  }

  /** The deadline, in seconds on the clock of `loop.time()`; `undefined` for none. */
  when(): number | undefined {
    return this.#when;
  }

  /**
   * Sets another deadline: later, earlier, or `undefined` for none. One in the past takes effect in
   * the next turn.
   *
   * @param when - in seconds on the clock of `loop.time()`
   * @throws {TypeError} when `when` is not a number
   * @throws {RangeError} when `when` is NaN
   * @throws {RuntimeError} when the body has not started or has ended, or the time is up
   */
  reschedule(when: number | undefined): void {
    checkTimeout(when, 'when');
    if (this.#state === 'created') throw new RuntimeError('Timeout has not been entered');
    if (this.#state !== 'active')
      throw new RuntimeError(`Cannot change state of ${this.#state} Timeout`);
    this.#when = when;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (when === undefined || when === Number.POSITIVE_INFINITY) return;
    const loop = requireRunningLoop();
    this.#timer =
      when <= loop.time() ? loop.callSoon(this.#expire) : loop.callAt(when, this.#expire);
  }

  /** Did the time run out before the body ended? */
  expired(): boolean {
    return this.#state === 'expiring' || this.#state === 'expired';
  }

  /**
   * Runs `body` as part of the task that awaits this, until the time is up. Can be called only
   * once.
   *
   * Corresponds to Python's `async with`.
   *
   * @returns what `body` returns
   * @throws what `body` throws
   * @throws {TimeoutError} when the time was up before the body ended
   * @throws {CancelledError} when the waiting task is cancelled
   * @throws {RuntimeError} when it has been called before, or no task awaits this
   */
  run<T>(body: (timeout: Timeout) => T | PromiseLike<T>): Coroutine<T> {
    checkBody(body);
    const wait = (): Promise<T> =>
      this.#run(body, 'timeout', (cause) => new TimeoutError('', { cause }));
    return new LimitCall(wait, 'timeout');
  }

  /** @internal like {@link run}, but returns whether the time ran out, instead of throwing */
  _moveOn<T>(body: (timeout: Timeout) => T | PromiseLike<T>, name: string): Coroutine<MovedOn<T>> {
    checkBody(body);
    const wait = async (): Promise<MovedOn<T>> => {
      const over = {};
      try {
        return { expired: false, value: await this.#run(body, name, () => over) };
      } catch (error) {
        if (error === over) return { expired: true, value: undefined };
        throw error;
      }
    };
    return new LimitCall(wait, name);
  }

  #run<T>(
    body: (timeout: Timeout) => T | PromiseLike<T>,
    name: string,
    errorFor: (cancel: CancelledError) => unknown,
  ): Promise<T> {
    return this.#enter(name).run(() => body(this), errorFor);
  }

  #enter(name: string): Limit {
    if (this.#state !== 'created') throw new RuntimeError('Timeout has already been entered');
    const limit = Limit.open(
      { ...this.#options, name, timeout: this, shield: name === 'shielded' },
      name === 'timeout'
        ? 'Timeout should be used inside a task'
        : `${name}() should be used inside a task`,
    );
    this.#limit = limit;
    this.#state = 'active';
    this.reschedule(this.#when);
    return limit;
  }

  /** @internal the body has ended, or was abandoned */
  _exit(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#limit = undefined;
    this.#state = this.#state === 'expiring' ? 'expired' : 'finished';
  }

  readonly #expire = calledAs('Timeout._on_timeout', (): void => {
    this.#timer = undefined;
    this.#limit?.cancel();
    this.#state = 'expiring';
  });

  /** `<Timeout [active] when=836.879>`, `<Timeout [expired]>`, … */
  toString(): string {
    if (this.#state !== 'active') return `<Timeout [${this.#state}]>`;
    const when = this.#when === undefined ? undefined : Math.round(this.#when * 1000) / 1000;
    return `<Timeout [active] when=${repr(when)}>`;
  }
}

/**
 * Runs `body` as part of the task that awaits this, for at most `delay` seconds.
 *
 * When the time is up, the body is cancelled where it waits, and may take as long as it needs to
 * clean up; then a `TimeoutError` is thrown. If it ends in any other way, that is the outcome.
 *
 * A promise that this library did not create cannot be interrupted. If the body waits for one when
 * the time is up, the caller continues without it: the body is abandoned, and its next `await` of
 * this library throws a {@link CancelledError}. To stop functions that accept a signal, pass them
 * `limit.signal`.
 *
 * ```ts
 * const [reader] = await asyncio.openConnection('127.0.0.1', 8888);
 * await asyncio.timeout(10, async (limit) => {
 *   console.log(String(await reader.readline()));
 *   limit.reschedule(asyncio.getRunningLoop().time() + 60);
 *   console.log(String(await reader.read()));
 * });
 * ```
 *
 * @param delay - in seconds from now; with 0 or less, the body is cancelled when it first waits;
 *   `undefined` for no limit
 * @param body - receives the {@link Timeout}, which can be rescheduled
 * @param options - `abandon`: `false` always waits for the body, as asyncio does
 * @returns what `body` returns
 * @throws what `body` throws
 * @throws {TimeoutError} when the time was up; its cause is the cancel
 * @throws {CancelledError} when the waiting task is cancelled otherwise
 * @throws {TypeError} when `delay` is not a number, or `body` is not a function
 * @throws {RangeError} when `delay` is NaN
 * @throws {RuntimeError} when no loop is running, or no task awaits this
 * @see asyncio's `timeout()`, https://docs.python.org/3/library/asyncio-task.html#asyncio.timeout
 */
export function timeout<T>(
  delay: number | undefined,
  body: (timeout: Timeout) => T | PromiseLike<T>,
  options?: Abandoning,
): Coroutine<T> {
  checkTimeout(delay, 'delay');
  const now = requireRunningLoop().time();
  return new Timeout(delay === undefined ? undefined : now + delay, options).run(body);
}

/**
 * Like {@link timeout}, but with a deadline instead of a delay.
 *
 * @param when - in seconds on the clock of `loop.time()`; `undefined` for no limit
 * @param body - receives the {@link Timeout}, which can be rescheduled
 * @param options - `abandon`: `false` always waits for the body, as asyncio does
 * @returns what `body` returns
 * @throws what `body` throws
 * @throws {TimeoutError} when the time was up; its cause is the cancel
 * @throws {CancelledError} when the waiting task is cancelled otherwise
 * @throws {TypeError} when `when` is not a number, or `body` is not a function
 * @throws {RangeError} when `when` is NaN
 * @throws {RuntimeError} when no task awaits this
 * @see asyncio's `timeout_at()`,
 *   https://docs.python.org/3/library/asyncio-task.html#asyncio.timeout_at
 */
export function timeoutAt<T>(
  when: number | undefined,
  body: (timeout: Timeout) => T | PromiseLike<T>,
  options?: Abandoning,
): Coroutine<T> {
  return new Timeout(when, options).run(body);
}
