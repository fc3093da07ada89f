import { rangeError } from '../base/errors/refusals.ts';
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
//      │ reset(), while a task waits                                │
//      └───────────────────────────────▶ resetting ─────────────────┘
//                                                    all have left
//
// abort() leads from any state to `broken`. From there, reset() leads to `filling` if no task is
// left in the barrier, otherwise to `resetting`.
//
// Tasks that come while it is draining or resetting wait outside until it fills again.
type State = 'filling' | 'draining' | 'resetting' | 'broken';

/**
 * Makes tasks wait for each other: when enough of them wait, all continue.
 *
 * It can be reused once all have left. A cancelled task leaves, and another may take its place.
 *
 * @see asyncio's `Barrier`, https://docs.python.org/3/library/asyncio-sync.html#asyncio.Barrier
 */
export class Barrier extends LoopBound {
  /** The number of tasks needed. */
  readonly parties: number;
  #state: State = 'filling';
  /** The number of tasks in it. */
  #count = 0;
  /** The numbers of tasks that left while it was filling, for those that take their places. */
  #left: number[] = [];
  /** Notified when the state changes, or the last task leaves. */
  readonly #changed = new Condition();

  /**
   * @param parties - the number of tasks: an integer >= 1
   * @throws {TypeError} when `parties` is not a number
   * @throws {RangeError} when it is less than 1, or not an integer
   */
  constructor(parties: number) {
    super();
    checkNumber(parties, 'parties');
    if (parties < 1) throw rangeError('parties must be > 0');
    checkWhole(parties, 1, Number.MAX_SAFE_INTEGER, 'parties');
    this.parties = parties;
    this.#changed._partOf = ['Barrier.wait', this];
  }

  /** The number of waiting tasks; 0 once there are enough. */
  get nWaiting(): number {
    return this.#state === 'filling' ? this.#count : 0;
  }

  /** Has it been aborted and not been reset? */
  get broken(): boolean {
    return this.#state === 'broken';
  }

  /**
   * Waits until as many tasks wait as there are parties.
   *
   * Unlike asyncio, a task that replaces a cancelled one gets its number. See
   * docs/differences.md#return-values-of-a-barrier.
   *
   * @param options - `signal`: interrupts the wait when aborted, as a cancel would
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
   * Breaks the barrier: waiting tasks get a {@link BrokenBarrierError}, and so do later ones.
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

  /** Waits outside while tasks leave. */
  async #enter(): Promise<void> {
    await this.#changed.waitFor(() => this.#state !== 'draining' && this.#state !== 'resetting');
    if (this.broken) throw new BrokenBarrierError('Barrier aborted');
  }

  async #waitForOthers(): Promise<void> {
    await this.#changed.waitFor(() => this.#state !== 'filling');
    if (this.#state === 'broken' || this.#state === 'resetting')
      throw new BrokenBarrierError('Abort or reset of barrier');
  }

  /** The last task to leave lets in those that wait outside. */
  #leave(): void {
    if (this.#count > 0) return;
    this.#left = [];
    if (this.#state === 'resetting' || this.#state === 'draining') this.#state = 'filling';
    this.#changed.notifyAll();
  }
}
