import { checkWhole } from '../../base/numbers.ts';
import { numberOf, printsAsText } from '../../base/printing/inspect.ts';
import { repr } from '../../base/printing/repr.ts';
import { isA } from '../../base/values/attempt.ts';
import type { Abortable } from '../../core/coroutines/abort-signals.ts';
import type { Coroutine } from '../../core/coroutines/coroutine.ts';
import { Fifo } from '../../core/turns/fifo.ts';
import { ChannelBroken, ChannelClosed, EndOfChannel, QueueEmpty, QueueFull } from '../errors.ts';
import { Call } from '../waiting/call.ts';
import { LoopBound } from '../waiting/loop-bound.ts';
import { Line, Waiter } from '../waiting/waiter.ts';

/** The state of a channel. */
export interface ChannelStatistics {
  /** Items in the buffer. */
  readonly currentBufferUsed: number;
  /** The most items that the buffer holds. */
  readonly maxBufferSize: number;
  /** Open senders. */
  readonly openSenders: number;
  /** Open receivers. */
  readonly openReceivers: number;
  /** Waiting calls of `send()`. */
  readonly tasksWaitingSend: number;
  /** Waiting calls of `receive()`. */
  readonly tasksWaitingReceive: number;
}

/**
 * The state shared by the ends of a channel.
 *
 * Both lines are served in order. Only the first waiter of a line is woken. It acts in its own
 * turn, in which its task also resumes, and then wakes the next, so no cancel comes between an item
 * and its task. Without a buffer, a receiver takes the item from a waiting sender, and both resume
 * in the receiver's turn.
 */
class Channel<T> extends LoopBound {
  readonly capacity: number;
  /** Sent items that have not been received. Beyond the capacity, each has a waiting receiver. */
  readonly buffer = new Fifo<T>();
  readonly senders = new Line();
  readonly receivers = new Line();
  openSenders = 0;
  openReceivers = 0;

  constructor(capacity: number) {
    super();
    this.capacity = capacity;
  }

  /** May an item go into the buffer? Each waiting receiver is about to take one. */
  get hasRoom(): boolean {
    return this.buffer.size < this.capacity + this.receivers.size;
  }

  /** Wakes the first in each line if there may be something to do. */
  wakeFirst(): void {
    if (this.buffer.size > 0 || this.senders.size > 0 || this.openSenders === 0)
      wake(this.receivers.first);
    if (this.openReceivers === 0 || (this.capacity > 0 && this.hasRoom)) wake(this.senders.first);
  }

  /** The first waiting sender that will not see a cancel. */
  firstSender(): SendWaiter<T> | undefined {
    for (let each = this.senders.first; each !== undefined; each = each._behind) {
      const sender = each as SendWaiter<T>;
      if (!sender._isCancelled) return sender;
    }
    return undefined;
  }

  toString(): string {
    const ends = `senders:${this.openSenders}, receivers:${this.openReceivers}`;
    return `<channel object at 0x${numberOf(this).toString(16)} [${this.buffer.size}/${repr(this.capacity)}, ${ends}]>`;
  }
}

function wake(waiter: Waiter<unknown> | undefined): void {
  if (waiter?._waits) waiter._wake();
}

/** Waits in line at one end until it can act in its turn. */
abstract class ChannelWaiter<T, R> extends Waiter<R> {
  readonly channel: Channel<T>;
  readonly end: ChannelEnd<T>;

  constructor(end: ChannelEnd<T>, line: Line) {
    super(end._channel._getLoop());
    this.channel = end._channel;
    this.end = end;
    line.join(this);
    end._waiting.add(this);
  }

  override cancel(message?: string): boolean {
    if (!super.cancel(message)) return false;
    this.leave();
    return true;
  }

  /** It waits no longer, although its turn may still come. */
  leave(): void {
    this._line?.leave(this);
    this.end._waiting.delete(this);
  }

  override _run(): void {
    this._woken = false;
    // A waiter that finished before its turn is a sender whose item was received.
    if (this._state === 'pending' && !this._isCancelled && !this._act()) return;
    this.leave();
    this._tellNow();
    this.channel.wakeFirst();
  }

  /** @internal acts and finishes; returns `false` to keep waiting */
  abstract _act(): boolean;
}

class SendWaiter<T> extends ChannelWaiter<T, void> {
  readonly item: T;

  constructor(end: ChannelEnd<T>, item: T) {
    super(end, end._channel.senders);
    this.item = item;
  }

  override get _operation(): readonly [string, object] {
    return ['ChannelSender.send', this.end];
  }

  override _act(): boolean {
    const { channel } = this;
    const refusal = refuseToSend(this.end);
    if (refusal !== undefined) this._fail(refusal);
    else if (channel.capacity > 0 && channel.hasRoom) {
      channel.buffer.add(this.item);
      this._finish();
    } else {
      // A receiver may have skipped it because of a cancel that was then withdrawn.
      channel.wakeFirst();
      return false;
    }
    return true;
  }

  /** A receiver takes the item, and the sender resumes now. */
  give(): T {
    this.leave();
    this._finish();
    this._tellNow();
    return this.item;
  }
}

class ReceiveWaiter<T> extends ChannelWaiter<T, T> {
  constructor(end: ChannelEnd<T>) {
    super(end, end._channel.receivers);
  }

  override get _operation(): readonly [string, object] {
    return ['ChannelReceiver.receive', this.end];
  }

  override _act(): boolean {
    const { channel } = this;
    if (this.end.closed) this._fail(new ChannelClosed());
    else if (channel.buffer.size > 0) this._finish(channel.buffer.take());
    else {
      const sender = channel.firstSender();
      if (sender !== undefined) this._finish(sender.give());
      else if (channel.openSenders === 0) this._fail(new EndOfChannel());
      else return false;
    }
    return true;
  }
}

function refuseToSend(end: ChannelEnd<unknown>): Error | undefined {
  if (end.closed) return new ChannelClosed();
  return end._channel.openReceivers === 0 ? new ChannelBroken() : undefined;
}

/** The base of both ends of a channel. */
export abstract class ChannelEnd<T> implements Disposable, AsyncDisposable {
  static {
    printsAsText(this);
  }

  /** @internal */
  readonly _channel: Channel<T>;
  /** @internal its calls that wait, in order */
  readonly _waiting = new Set<ChannelWaiter<T, unknown>>();
  #closed = false;

  /** @internal created by {@link channel} and `clone()` */
  constructor(channel: Channel<T>) {
    this._channel = channel;
  }

  /** Is this end closed? */
  get closed(): boolean {
    return this.#closed;
  }

  /** @internal returns `false` if it was already closed */
  _close(): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    for (const each of this._waiting) {
      each.leave();
      wake(each);
    }
    return true;
  }

  /** Closes this end. */
  abstract close(): void;

  /** The state of the channel. */
  statistics(): ChannelStatistics {
    const { buffer, capacity, openSenders, openReceivers, senders, receivers } = this._channel;
    return {
      currentBufferUsed: buffer.size,
      maxBufferSize: capacity,
      openSenders,
      openReceivers,
      tasksWaitingSend: senders.size,
      tasksWaitingReceive: receivers.size,
    };
  }

  /** `close()`, at the end of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** `close()`, at the end of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** `<ChannelSender closed …>` */
  toString(): string {
    return `<${this.constructor.name} ${this.#closed ? 'closed' : 'open'} ${this._channel}>`;
  }
}

/** The end of a {@link channel} that items are sent to. */
export class ChannelSender<T> extends ChannelEnd<T> {
  /** @internal */
  constructor(channel: Channel<T>) {
    super(channel);
    channel.openSenders += 1;
  }

  /**
   * Sends an item; waits for room in the buffer or, without a buffer, until a receiver has taken
   * it.
   *
   * If the waiting task is cancelled, the item was not sent.
   *
   * @param options - `signal`: interrupts the wait when aborted, as a cancel would
   * @returns a coroutine, which sends nothing before it is awaited
   * @throws {ChannelClosed} when this sender is closed, before or in the meantime
   * @throws {ChannelBroken} when all receivers are closed, before or in the meantime
   * @throws the reason of `signal`, when that was aborted
   * @throws {RuntimeError} when it has to wait, and tasks of another loop have waited for it
   * @throws {CancelledError} when the waiting task is cancelled
   */
  send(item: T, options?: Abortable): Coroutine<void> {
    const send = () => {
      const { capacity, hasRoom, senders } = this._channel;
      if (capacity > 0 && hasRoom && senders.size === 0) return this.sendNowait(item);
      const refusal = refuseToSend(this);
      if (refusal !== undefined) throw refusal;
      const waiter = new SendWaiter(this, item);
      this._channel.wakeFirst();
      return waiter;
    };
    return new Call<void>(send, 'ChannelSender.send', options);
  }

  /**
   * Sends an item without waiting. Without a buffer, a receiver must already be waiting.
   *
   * @throws {QueueFull} when there is no room, or others wait to send
   * @throws {ChannelClosed} when this sender is closed
   * @throws {ChannelBroken} when all receivers are closed
   */
  sendNowait(item: T): void {
    const { buffer, hasRoom, senders } = this._channel;
    const refusal = refuseToSend(this);
    if (refusal !== undefined) throw refusal;
    if (!hasRoom || senders.size > 0) throw new QueueFull();
    buffer.add(item);
    this._channel.wakeFirst();
  }

  /**
   * Creates another sender of the same channel, which has to be closed separately.
   *
   * @throws {ChannelClosed} when this one is closed
   */
  clone(): ChannelSender<T> {
    if (this.closed) throw new ChannelClosed();
    return new ChannelSender(this._channel);
  }

  /**
   * Closes this sender; its waiting calls throw {@link ChannelClosed}. After the last sender,
   * receivers get the buffered items, then {@link EndOfChannel}.
   */
  override close(): void {
    const channel = this._channel;
    if (!this._close()) return;
    channel.openSenders -= 1;
    channel.wakeFirst();
  }
}

/** The end of a {@link channel} that items are received from. */
export class ChannelReceiver<T> extends ChannelEnd<T> implements AsyncIterable<T> {
  /** @internal */
  constructor(channel: Channel<T>) {
    super(channel);
    channel.openReceivers += 1;
  }

  /**
   * Receives an item; waits for one if there is none.
   *
   * If the waiting task is cancelled, nothing was received. Awaiting this also awaits an item with
   * a `then()`.
   *
   * @param options - `signal`: interrupts the wait when aborted, as a cancel would
   * @returns a coroutine, which receives nothing before it is awaited
   * @throws {EndOfChannel} when all senders are closed, and no items are left
   * @throws {ChannelClosed} when this receiver is closed, before or in the meantime
   * @throws the reason of `signal`, when that was aborted
   * @throws {RuntimeError} when it has to wait, and tasks of another loop have waited for it
   * @throws {CancelledError} when the waiting task is cancelled
   */
  receive(options?: Abortable): Coroutine<T> {
    return new Call(this.#receive, 'ChannelReceiver.receive', options);
  }

  readonly #receive = () => {
    const { buffer, openSenders, receivers } = this._channel;
    if (this.closed) throw new ChannelClosed();
    if (buffer.size > 0 && receivers.size === 0) return this.#take();
    if (buffer.size === 0 && openSenders === 0) throw new EndOfChannel();
    const waiter = new ReceiveWaiter(this);
    this._channel.wakeFirst();
    return waiter;
  };

  /**
   * Receives an item without waiting.
   *
   * @throws {QueueEmpty} when there is none, or others wait for one
   * @throws {EndOfChannel} when all senders are closed, and no items are left
   * @throws {ChannelClosed} when this receiver is closed
   */
  receiveNowait(): T {
    const { buffer, openSenders, receivers } = this._channel;
    if (this.closed) throw new ChannelClosed();
    if (receivers.size === 0) {
      if (buffer.size > 0) return this.#take();
      const sender = this._channel.firstSender();
      if (sender !== undefined) return sender.give();
    }
    throw buffer.size === 0 && openSenders === 0 ? new EndOfChannel() : new QueueEmpty();
  }

  #take(): T {
    const item = this._channel.buffer.take();
    this._channel.wakeFirst();
    return item;
  }

  /** Receives until all senders are closed. Leaving the loop does not close this receiver. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: async () => {
        try {
          return { done: false, value: await this.receive() };
        } catch (error) {
          if (!isA(error, EndOfChannel)) throw error;
          return { done: true, value: undefined };
        }
      },
    };
  }

  /**
   * Creates another receiver of the same channel, which has to be closed separately. Each item goes
   * to one receiver.
   *
   * @throws {ChannelClosed} when this one is closed
   */
  clone(): ChannelReceiver<T> {
    if (this.closed) throw new ChannelClosed();
    return new ChannelReceiver(this._channel);
  }

  /**
   * Closes this receiver; its waiting calls throw {@link ChannelClosed}. After the last receiver,
   * buffered items are dropped, and senders get {@link ChannelBroken}.
   */
  override close(): void {
    const channel = this._channel;
    if (!this._close()) return;
    channel.openReceivers -= 1;
    if (channel.openReceivers === 0) channel.buffer.clear();
    channel.wakeFirst();
  }
}

/**
 * Creates a channel: a queue with two ends, each of which can be cloned and closed.
 *
 * Close each end when it is no longer needed, for example with `using`. Then receivers notice when
 * no sender is left, and senders when no receiver is.
 *
 * Not in asyncio. See docs/channels.md.
 *
 * @param capacity - the most items in the buffer: an integer >= 0, or Infinity. 0, the
 *   default, means no buffer: a sender waits until its item is received
 * @throws {TypeError} when `capacity` is not a number
 * @throws {RangeError} when it is negative, or not an integer
 */
export function channel<T = unknown>(
  capacity = 0,
): [sender: ChannelSender<T>, receiver: ChannelReceiver<T>] {
  checkWhole(capacity, 0, Number.POSITIVE_INFINITY, 'capacity');
  const made = new Channel<T>(capacity);
  return [new ChannelSender(made), new ChannelReceiver(made)];
}
