import { checkOptions } from '../../base/check-options.ts';
import { rangeError } from '../../base/errors/refusals.ts';
import { checkNumber } from '../../base/numbers.ts';
import { repr } from '../../base/printing/repr.ts';
import { type Abortable, untilAborted } from '../../core/coroutines/abort-signals.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { Fifo } from '../../core/turns/fifo.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { QueueEmpty, QueueFull, QueueShutDown } from '../errors.ts';
import { Event } from '../event.ts';
import { Call, type Outcome } from '../waiting/call.ts';
import { LoopBound } from '../waiting/loop-bound.ts';
import { Line, Waiter } from '../waiting/waiter.ts';
import { type Items, LifoItems, SortedItems } from './queue-items.ts';

/**
 * Waits for an item or for room. It leaves the line when it is woken. If another task was quicker
 * when its turn comes, it goes to the end of the line again.
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

  /** @internal is there an item, or room? */
  abstract _canAct(): boolean;

  /** @internal is there none, and may there be some later? */
  abstract _mustWait(): boolean;

  /** @internal gets or puts the item */
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

  override get _operation(): readonly [string, object] {
    return this.#queue._operationOfGet;
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

  override get _operation(): readonly [string, object] {
    return ['Queue.put', this.#queue];
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

/** Wakes the first waiter, and removes it and all before it from the line. */
function wakeNext(line: Line): void {
  for (let waiter = line.first; waiter !== undefined; waiter = line.first) {
    line.leave(waiter);
    if (!waiter._waits) continue;
    waiter._wake();
    return;
  }
}

/**
 * Passes items between tasks, first in, first out.
 *
 * Waiting tasks are served in order, and a cancelled one passes its turn on: no item is lost.
 * Putting an item wakes a getter, but until the getter's turn another task may take the item; then
 * the getter waits again.
 *
 * Awaiting {@link get} also awaits an item with a `then()`, such as a promise; {@link getNowait}
 * returns it unchanged.
 *
 * @see asyncio's `Queue`, https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue
 */
export class Queue<T = unknown> extends LoopBound {
  /** The most items it can hold; 0 or less means no limit. */
  readonly maxsize: number;
  /** @internal has it been shut down? */
  _isShutDown = false;
  /** @internal the waiters for an item that have not been woken */
  readonly _getters: Line = new Line();
  /** @internal the waiters for room that have not been woken */
  readonly _putters: Line = new Line();
  readonly #items: Items<T>;
  /** The number of items put for which {@link taskDone} has not been called. */
  #unfinished = 0;
  /** Set while no item is unfinished; created when a task first waits for that. */
  #finished: Event | undefined;

  /**
   * @param maxsize - the most items it can hold; 0 or less means no limit
   * @throws {TypeError} when `maxsize` is not a number
   * @throws {RangeError} when it is NaN
   */
  constructor(maxsize = 0) {
    super();
    checkNumber(maxsize, 'maxsize');
    this.maxsize = maxsize;
    this.#items = this._makeItems();
  }

  /** @internal what a wait for an item is called, and the object */
  get _operationOfGet(): readonly [string, object] {
    return ['Queue.get', this];
  }

  /** The number of items in the queue. */
  qsize(): number {
    return this.#items.size;
  }

  /** Is the queue empty? */
  empty(): boolean {
    return this.#items.size === 0;
  }

  /** Is the queue full? Never if it has no limit. */
  full(): boolean {
    return this.maxsize > 0 && this.#items.size >= this.maxsize;
  }

  /**
   * Puts an item into the queue; waits for room if it is full.
   *
   * If the waiting task is cancelled, the item is not put.
   *
   * @param options - `signal`: interrupts the wait when aborted, as a cancel would
   * @returns a coroutine, which puts nothing before it is awaited
   * @throws the reason of `signal`, when that was aborted
   * @throws {QueueShutDown} when the queue is shut down, before or in the meantime
   * @throws {TypeError} when the queue sorts, and cannot compare the item
   * @throws {RuntimeError} when it has to wait, and tasks of another loop have waited for it
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
   * Puts an item into the queue.
   *
   * @throws {QueueFull} when the queue is full
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
   * Takes an item from the queue; waits for one if it is empty.
   *
   * If the waiting task is cancelled, nothing is taken.
   *
   * @param options - `signal`: interrupts the wait when aborted, as a cancel would
   * @returns a coroutine, which takes nothing before it is awaited
   * @throws the reason of `signal`, when that was aborted
   * @throws {QueueShutDown} when the queue is empty and is shut down, before or in the meantime
   * @throws {RuntimeError} when it has to wait, and tasks of another loop have waited for it
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
   * Takes an item from the queue.
   *
   * @throws {QueueEmpty} when the queue is empty
   * @throws {QueueShutDown} when it is empty and shut down
   */
  getNowait(): T {
    if (this.empty()) throw this._isShutDown ? new QueueShutDown() : new QueueEmpty();
    const item = this.#items.take();
    wakeNext(this._putters);
    return item;
  }

  /**
   * Marks the work on an item as done. Call it once for each item, for tasks that wait in
   * {@link join}.
   *
   * @throws {RangeError} when there were more calls than items (`ValueError` in Python)
   */
  taskDone(): void {
    if (this.#unfinished <= 0) throw rangeError('task_done() called too many times');
    this.#unfinished -= 1;
    if (this.#unfinished === 0) this.#finished?.set();
  }

  /**
   * Waits until {@link taskDone} has been called for all items.
   *
   * @param options - `signal`: interrupts the wait when aborted, as a cancel would
   * @throws the reason of `signal`, when that was aborted
   * @throws {RuntimeError} when it has to wait, and tasks of another loop have waited for it
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `Queue.join()`,
   *   https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.join
   */
  join(options?: Abortable): Coroutine<void> {
    const join = async (): Promise<void> => {
      if (this.#unfinished === 0) return;
      if (this.#finished === undefined) {
        this.#finished = new Event();
        this.#finished._partOf = ['Queue.join', this];
      }
      await this.#finished.wait();
    };
    return new Coroutine(untilAborted(options, join), 'Queue.join', undefined);
  }

  /**
   * Shuts the queue down: it accepts no more items. Once no items are left, {@link get} throws
   * {@link QueueShutDown}, including in waiting tasks.
   *
   * @param options - `immediate`: drop all items, and count their work as done; by default `false`
   * @see asyncio's `Queue.shutdown()`,
   *   https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.shutdown
   */
  shutdown(options: { readonly immediate?: boolean | undefined } = {}): void {
    checkOptions(options, 'immediate');
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

  /** @internal creates the container that orders the items */
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
 * A queue that returns the lowest item first.
 *
 * Items are compared as in Python: numbers with numbers, strings with strings, arrays item by
 * item, so `[priority, data]` works like a tuple; other objects by their `valueOf()`.
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
 * A queue that returns the newest item first.
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
