import { checkNumber, checkWhole } from '../base/numbers.ts';
import { type Abortable, untilAborted } from '../core/coroutines/abort-signals.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import { Condition } from './condition.ts';
import { BrokenBarrierError } from './errors.ts';
import { LoopBound, printPrimitive } from './waiting/loop-bound.ts';

// A barrier is in one of four states; a new one is `filling`.
//
//              the last one comes               all have left
//   filling ───────────────────────▶ draining ─────────────────▶ filling
//      │                                                            ▲
//      │ reset(), while somebody waits                              │
//      └───────────────────────────────▶ resetting ─────────────────┘
//                                                    all have left
//   abort() leads from any state to `broken`, and a reset() when nobody is in it from there to
//   `filling`; while somebody still is, to `resetting`.
//
// Who comes while it drains or is reset waits outside until it fills again.
type State = 'filling' | 'draining' | 'resetting' | 'broken';

/**
 * Makes tasks wait for each other: when enough of them wait, all go on.
 *
 * It can be used again once all have left. A cancelled task leaves, and another may take its
 * place.
 *
 * @see asyncio's `Barrier`, https://docs.python.org/3/library/asyncio-sync.html#asyncio.Barrier
 */
export class Barrier extends LoopBound {
  /** The number of tasks needed. */
  readonly parties: number;
  #state: State = 'filling';
  /** The number of tasks in it. */
  #count = 0;
  /** The numbers of tasks that have left while it fills, for those that come in their places. */
  #left: number[] = [];
  /** Is notified when the state changes, or the last one leaves. */
  readonly #changed = new Condition();

  /**
   * @param parties - the number of tasks: a whole number from 1
   * @throws {TypeError} when `parties` is not a number
   * @throws {RangeError} when it is less than 1, or no whole number
   */
  constructor(parties: number) {
    super();
    checkNumber(parties, 'parties');
    if (parties < 1) throw new RangeError('parties must be > 0');
    checkWhole(parties, 1, Number.MAX_SAFE_INTEGER, 'parties');
    this.parties = parties;
    this.#changed._partOf = ['Barrier.wait', this];
  }

  /** The number of waiting tasks; 0 once all have come. */
  get nWaiting(): number {
    return this.#state === 'filling' ? this.#count : 0;
  }

  /** Was it aborted and not reset since? */
  get broken(): boolean {
    return this.#state === 'broken';
  }

  /**
   * Waits until as many tasks wait as there are parties.
   *
   * @param options - `signal`: interrupts the wait when it is aborted, as a cancel would
   * Unlike asyncio, a task that comes for one that was cancelled gets its number. See
   * docs/differences.md#numbers-of-a-barrier.
   *
   * @returns a number from 0, different for each task: use it to pick one of them
   * @throws the reason of `signal`, when that was aborted
   * @throws {BrokenBarrierError} when the barrier is broken, or is reset or aborted in the meantime
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `Barrier.wait()`,
   *   https://docs.python.org/3/library/asyncio-sync.html#asyncio.Barrier.wait
   */
  wait(options?: Abortable): Coroutine<number> {
    const wait = (): Promise<number> => this.#wait();
    return new Coroutine(untilAborted(options, wait), 'Barrier.wait', undefined);
  }

  /**
   * Resets the barrier: waiting tasks get a {@link BrokenBarrierError}, and it can be used again.
   *
   * @throws {CancelledError} when the calling task is cancelled
   * @see asyncio's `Barrier.reset()`,
   *   https://docs.python.org/3/library/asyncio-sync.html#asyncio.Barrier.reset
   */
  reset(): Coroutine<void> {
    return this.#change('reset', () => {
      this.#state = this.#count > 0 ? 'resetting' : 'filling';
    });
  }

  /**
   * Breaks the barrier: waiting tasks get a {@link BrokenBarrierError}, and so do all that come.
   *
   * @throws {CancelledError} when the calling task is cancelled
   * @see asyncio's `Barrier.abort()`,
   *   https://docs.python.org/3/library/asyncio-sync.html#asyncio.Barrier.abort
   */
  abort(): Coroutine<void> {
    return this.#change('abort', () => {
      this.#state = 'broken';
    });
  }

  /** `<asyncio.locks.Barrier object at 0x1 [filling, waiters:1/3]>`, `[broken]` */
  toString(): string {
    const waiters = this.broken ? '' : `, waiters:${this.nWaiting}/${this.parties}`;
    return printPrimitive(this, `${this.#state}${waiters}`);
  }

  #change(name: string, change: () => void): Coroutine<void> {
    const call = (): Promise<void> =>
      this.#changed.with(() => {
        change();
        this.#changed.notifyAll();
      });
    return new Coroutine(async () => await call(), `Barrier.${name}`, undefined);
  }

  async #wait(): Promise<number> {
    return await this.#changed.with(async () => {
      await this.#enter();
      const index = this.#left.pop() ?? this.#count;
      try {
        this.#count += 1;
        if (this.#count < this.parties) await this.#waitForOthers();
        else {
          this.#state = 'draining';
          this.#changed.notifyAll();
        }
        return index;
      } finally {
        this.#count -= 1;
        this.#left.push(index);
        this.#leave();
      }
    });
  }

  /** Waits outside, as long as it is emptied. */
  async #enter(): Promise<void> {
    await this.#changed.waitFor(() => this.#state !== 'draining' && this.#state !== 'resetting');
    if (this.broken) throw new BrokenBarrierError('Barrier aborted');
  }

  async #waitForOthers(): Promise<void> {
    await this.#changed.waitFor(() => this.#state !== 'filling');
    if (this.#state === 'broken' || this.#state === 'resetting')
      throw new BrokenBarrierError('Abort or reset of barrier');
  }

  /** The last who leaves lets those in who wait outside. */
  #leave(): void {
    if (this.#count > 0) return;
    this.#left = [];
    if (this.#state === 'resetting' || this.#state === 'draining') this.#state = 'filling';
    this.#changed.notifyAll();
  }
}
