import { checkNumber } from '../base/numbers.ts';
import { repr } from '../base/printing/repr.ts';
import { type Abortable, untilAborted } from '../core/coroutines/abort-signals.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import { Fifo } from '../core/turns/fifo.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { Call, type Outcome } from './call.ts';
import { QueueEmpty, QueueFull, QueueShutDown } from './errors.ts';
import { Event } from './event.ts';
import { type Items, LifoItems, SortedItems } from './items.ts';
import { LoopBound } from './loop-bound.ts';
import { Line, Waiter } from './waiter.ts';

/**
 * Waits at a queue, for an item or for a place. Out of the line once it is woken; who finds in its
 * turn that another was quicker stands in line again, at the end.
 */
abstract class QueueWaiter<T> extends Waiter<T> {
  readonly #line: Line;

  constructor(loop: LoopCore, line: Line) {
    super(loop);
    this.#line = line;
    line.join(this);
  }

  override _run(): void {
    this.#line.leave(this);
    if (this._isCancelled) {
      if (this._woken && this._canAct()) wakeNext(this.#line);
    } else if (this._mustWait()) {
      this._woken = false;
      this.#line.join(this);
      return;
    } else this.#act();
    this._tellNow();
  }

  /** @internal is there an item, or a place? */
  abstract _canAct(): boolean;

  /** @internal is there none, and can one come? */
  abstract _mustWait(): boolean;

  /** @internal takes the item, or puts it */
  abstract _act(): T;

  #act(): void {
    try {
      this._finish(this._act());
    } catch (error) {
      this._fail(error);
    }
  }
}

class Getter<T> extends QueueWaiter<T> {
  readonly #queue: Queue<T>;

  constructor(queue: Queue<T>) {
    super(queue._getLoop(), queue._getters);
    this.#queue = queue;
  }

  override _canAct(): boolean {
    return !this.#queue.empty();
  }

  override _mustWait(): boolean {
    return this.#queue.empty() && !this.#queue._isShutDown;
  }

  override _act(): T {
    return this.#queue.getNowait();
  }
}

class Putter<T> extends QueueWaiter<void> {
  readonly #queue: Queue<T>;
  readonly #item: T;

  constructor(queue: Queue<T>, item: T) {
    super(queue._getLoop(), queue._putters);
    this.#queue = queue;
    this.#item = item;
  }

  override _canAct(): boolean {
    return !this.#queue.full();
  }

  override _mustWait(): boolean {
    return this.#queue.full() && !this.#queue._isShutDown;
  }

  override _act(): void {
    this.#queue.putNowait(this.#item);
  }
}

/** Wakes the first who waits, and takes it out of the line with all before it. */
function wakeNext(line: Line): void {
  for (let waiter = line.first; waiter !== undefined; waiter = line.first) {
    line.leave(waiter);
    if (!waiter._waits) continue;
    waiter._wake();
    return;
  }
}

/**
 * Passes items from tasks that put to tasks that get, first in, first out.
 *
 * Who waits is served in the order of coming, and one that is cancelled passes its turn on: no
 * item is lost. An item that is put wakes a getter, but belongs to nobody until its turn; another
 * task that comes between the two may take it, and the getter then waits again.
 *
 * An item with a `then()`, a promise for instance, is awaited by whoever awaits {@link get};
 * {@link getNowait} gives it as it is.
 *
 * @see asyncio's `Queue`, https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue
 */
export class Queue<T = unknown> extends LoopBound {
  /** How many items there is place for; 0 or less: for any number. */
  readonly maxsize: number;
  /** @internal was it shut down? */
  _isShutDown = false;
  /** @internal who waits for an item, and was not woken yet */
  readonly _getters: Line = new Line();
  /** @internal who waits for a place, and was not woken yet */
  readonly _putters: Line = new Line();
  readonly #items: Items<T>;
  /** Items that were put, and for which {@link taskDone} was not called yet. */
  #unfinished = 0;
  /** Is set when there is no unfinished one; made by the first who waits for that. */
  #finished: Event | undefined;

  /**
   * @param maxsize - how many items there is place for; 0 or less: for any number
   * @throws {TypeError} when `maxsize` is not a number
   * @throws {RangeError} when it is NaN
   */
  constructor(maxsize = 0) {
    super();
    checkNumber(maxsize, 'maxsize');
    this.maxsize = maxsize;
    this.#items = this._makeItems();
  }

  /** How many items are in it. */
  qsize(): number {
    return this.#items.size;
  }

  /** Is nothing in it? */
  empty(): boolean {
    return this.#items.size === 0;
  }

  /** Is no place in it? Never, where there is place for any number. */
  full(): boolean {
    return this.maxsize > 0 && this.#items.size >= this.maxsize;
  }

  /**
   * Puts an item in, waiting for a place if there is none.
   *
   * Cancelling the waiting task leaves the item out, and the place to others.
   *
   * @param options - `signal`: interrupts the wait when it is aborted, as a cancel would
   * @returns a coroutine: nothing is put before it is awaited
   * @throws the reason of `signal`, when that was aborted
   * @throws {QueueShutDown} when the queue is shut down, before or meanwhile
   * @throws {TypeError} when the queue sorts, and cannot compare the item
   * @throws {RuntimeError} when it has to wait, and somebody has waited on another loop
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `Queue.put()`,
   *   https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.put
   */
  put(item: T, options?: Abortable): Coroutine<void> {
    const put = (): Outcome<void> =>
      this.full() && !this._isShutDown ? new Putter(this, item) : this.putNowait(item);
    return new Call(put, 'Queue.put', options);
  }

  /**
   * Puts an item in.
   *
   * @throws {QueueFull} when there is no place
   * @throws {QueueShutDown} when the queue is shut down
   * @throws {TypeError} when the queue sorts, and cannot compare the item
   */
  putNowait(item: T): void {
    if (this._isShutDown) throw new QueueShutDown();
    if (this.full()) throw new QueueFull();
    this.#items.add(item);
    this.#unfinished += 1;
    this.#finished?.clear();
    wakeNext(this._getters);
  }

  /**
   * Takes an item out, waiting for one if there is none.
   *
   * Cancelling the waiting task takes nothing: the item is there for the next.
   *
   * @param options - `signal`: interrupts the wait when it is aborted, as a cancel would
   * @returns a coroutine: nothing is taken before it is awaited
   * @throws the reason of `signal`, when that was aborted
   * @throws {QueueShutDown} when the queue is shut down, before or meanwhile, and nothing is in it
   * @throws {RuntimeError} when it has to wait, and somebody has waited on another loop
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `Queue.get()`,
   *   https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.get
   */
  get(options?: Abortable): Coroutine<T> {
    return new Call(this.#get, 'Queue.get', options);
  }

  readonly #get = (): Outcome<T> =>
    this.empty() && !this._isShutDown ? new Getter(this) : this.getNowait();

  /**
   * Takes an item out.
   *
   * @throws {QueueEmpty} when nothing is in the queue
   * @throws {QueueShutDown} when nothing is in it, and it is shut down
   */
  getNowait(): T {
    if (this.empty()) throw this._isShutDown ? new QueueShutDown() : new QueueEmpty();
    const item = this.#items.take();
    wakeNext(this._putters);
    return item;
  }

  /**
   * Says that the work on an item is done which was taken out: one call for each item, for those
   * who wait in {@link join}.
   *
   * @throws {RangeError} when there were more calls than items (`ValueError` in Python)
   */
  taskDone(): void {
    if (this.#unfinished <= 0) throw new RangeError('task_done() called too many times');
    this.#unfinished -= 1;
    if (this.#unfinished === 0) this.#finished?.set();
  }

  /**
   * Waits until the work on all items is done, by the count of {@link taskDone}.
   *
   * @param options - `signal`: interrupts the wait when it is aborted, as a cancel would
   * @throws the reason of `signal`, when that was aborted
   * @throws {RuntimeError} when it has to wait, and somebody has joined on another loop
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `Queue.join()`,
   *   https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.join
   */
  join(options?: Abortable): Coroutine<void> {
    const join = async (): Promise<void> => {
      if (this.#unfinished === 0) return;
      this.#finished ??= new Event();
      await this.#finished.wait();
    };
    return new Coroutine(untilAborted(options, join), 'Queue.join', undefined);
  }

  /**
   * Ends the queue: it takes nothing any more, and gives what is in it. Who waits, or comes for
   * more, gets {@link QueueShutDown}.
   *
   * @param options - `immediate`: drop what is in it, and count the work on that as done; by
   *   default `false`
   * @see asyncio's `Queue.shutdown()`,
   *   https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.shutdown
   */
  shutdown(options: { readonly immediate?: boolean | undefined } = {}): void {
    this._isShutDown = true;
    if (options.immediate) this.#drop();
    for (const line of [this._getters, this._putters]) while (line.size > 0) wakeNext(line);
  }

  /** `<Queue maxsize=3 _queue=[1] _getters[1] tasks=1>` */
  toString(): string {
    const parts = [`maxsize=${repr(this.maxsize)}`];
    if (!this.empty()) parts.push(`_queue=${repr([...this.#items])}`);
    if (this._getters.size > 0) parts.push(`_getters[${this._getters.size}]`);
    if (this._putters.size > 0) parts.push(`_putters[${this._putters.size}]`);
    if (this.#unfinished > 0) parts.push(`tasks=${this.#unfinished}`);
    if (this._isShutDown) parts.push('shutdown');
    return `<${this.constructor.name} ${parts.join(' ')}>`;
  }

  /** @internal in which order it gives its items */
  _makeItems(): Items<T> {
    return new Fifo();
  }

  #drop(): void {
    while (!this.empty()) {
      this.#items.take();
      if (this.#unfinished > 0) this.#unfinished -= 1;
    }
    if (this.#unfinished === 0) this.#finished?.set();
  }
}

/**
 * A queue that gives the lowest item first.
 *
 * Items are compared as Python does it: numbers with numbers, texts with texts, arrays item by
 * item, so that `[priority, data]` is what a tuple is there; other objects by their `valueOf()`.
 *
 * @see asyncio's `PriorityQueue`,
 *   https://docs.python.org/3/library/asyncio-queue.html#asyncio.PriorityQueue
 */
export class PriorityQueue<T = unknown> extends Queue<T> {
  /** @internal */
  override _makeItems(): Items<T> {
    return new SortedItems();
  }
}

/**
 * A queue that gives the newest item first.
 *
 * @see asyncio's `LifoQueue`,
 *   https://docs.python.org/3/library/asyncio-queue.html#asyncio.LifoQueue
 */
export class LifoQueue<T = unknown> extends Queue<T> {
  /** @internal */
  override _makeItems(): Items<T> {
    return new LifoItems();
  }
}
