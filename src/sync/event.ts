import type { Abortable } from '../core/coroutines/abort-signals.ts';
import type { Coroutine } from '../core/coroutines/coroutine.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { Call, type Outcome } from './waiting/call.ts';
import { LoopBound, printPrimitive } from './waiting/loop-bound.ts';
import { Line, Waiter } from './waiting/waiter.ts';

/** Waits for an event. */
class EventWaiter extends Waiter<true> {
  readonly #event: Event;

  constructor(loop: LoopCore, event: Event) {
    super(loop);
    this.#event = event;
    event._line.join(this);
  }

  override get _operation(): readonly [string, object] {
    return this.#event._partOf ?? ['Event.wait', this.#event];
  }

  override _run(): void {
    this.#event._line.leave(this);
    if (!this._isCancelled) this._finish(true);
    this._tellNow();
  }
}

/**
 * A flag that tasks wait for.
 *
 * @see asyncio's `Event`, https://docs.python.org/3/library/asyncio-sync.html#asyncio.Event
 */
export class Event extends LoopBound {
  #value = false;
  /** @internal the waiters */
  readonly _line: Line = new Line();
  /** @internal the name of the wait, if the event is part of another object */
  declare _partOf: readonly [string, object] | undefined;

  /** Is the flag set? */
  isSet(): boolean {
    return this.#value;
  }

  /** Sets the flag. All waiting tasks continue, even if it is cleared before their turn. */
  set(): void {
    if (this.#value) return;
    this.#value = true;
    this._line.wake(Number.POSITIVE_INFINITY);
  }

  /** Clears the flag. Later waits wait for the next {@link set}. */
  clear(): void {
    this.#value = false;
  }

  /**
   * Waits until the flag is set; does not take a turn if it is already set.
   *
   * @param options - `signal`: interrupts the wait when aborted, as a cancel would
   * @returns a coroutine, which checks the flag when it is awaited
   * @throws the reason of `signal`, when that was aborted
   * @throws {RuntimeError} when it has to wait, and tasks of another loop have waited for it
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `Event.wait()`,
   *   https://docs.python.org/3/library/asyncio-sync.html#asyncio.Event.wait
   */
  wait(options?: Abortable): Coroutine<true> {
    return new Call(this.#wait, 'Event.wait', options);
  }

  readonly #wait = (): Outcome<true> =>
    this.#value ? true : new EventWaiter(this._getLoop(), this);

  /** `<asyncio.locks.Event object at 0x1 [unset]>`, `[set, waiters:1]` */
  toString(): string {
    return printPrimitive(this, `${this.#value ? 'set' : 'unset'}${this._line}`);
  }
}
