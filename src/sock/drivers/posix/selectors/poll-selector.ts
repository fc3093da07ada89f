import { AF_INET, SOCK_DGRAM } from '../../../constants/constants.ts';
import { closeDescriptor, lastError, openSocket } from '../ffi/libc.ts';
import { PollHandle, UV_READABLE, UV_WRITABLE } from '../ffi/libuv.ts';
import { ENDED, READABLE, type Selector, type Watched, WRITABLE } from './selector.ts';

/** A descriptor that Node's own loop polls. */
class Polled {
  readonly #watched: Watched;
  readonly #handle: PollHandle;
  /** The events to report, once. */
  #wanted = 0;
  /** The events that libuv polls for: those wanted now, and those wanted last. */
  #polled = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#handle = new PollHandle(watched.fd, (events) => this.#onEvents(events));
  }

  want(events: number): void {
    this.#wanted |= events;
    if ((this.#wanted & ~this.#polled) !== 0) this.#poll(this.#wanted | this.#polled);
  }

  close(): void {
    this.#handle.close();
  }

  /**
   * Events that were not wanted are no longer polled. Events that were wanted still are: they are
   * likely to be wanted again before the next poll phase, and stopping and restarting costs two
   * system calls.
   */
  #onEvents(events: number): void {
    if (events < 0) {
      // The next try reports the error. libuv has stopped polling.
      this.#polled = 0;
      this.#wanted = 0;
      this.#watched.onEvents(READABLE | WRITABLE | ENDED);
      return;
    }
    const news = events & this.#wanted;
    this.#wanted &= ~news;
    const useless = events & ~news;
    if (useless !== 0) this.#poll(this.#polled & ~useless);
    if (news !== 0) this.#watched.onEvents(news);
  }

  #poll(events: number): void {
    let bits = 0;
    if ((events & READABLE) !== 0) bits |= UV_READABLE;
    if ((events & WRITABLE) !== 0) bits |= UV_WRITABLE;
    this.#handle.listen(bits);
    this.#polled = events;
  }
}

/**
 * Reports changes of many descriptors by having Node's own loop poll each one. For kernels without
 * epoll, where libuv uses kqueue; it works wherever libuv does.
 *
 * Level-triggered underneath, and one-shot for the caller, who requests each event.
 */
class PollSelector implements Selector {
  readonly #polled = new Map<Watched, Polled>();

  constructor() {
    // The first handle shows whether libuv is as we expect: better now than in a receive.
    const fd = openSocket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) throw lastError('socket');
    try {
      new PollHandle(fd, () => {}).close();
    } finally {
      closeDescriptor(fd);
    }
  }

  want(watched: Watched, events: number): boolean {
    let polled = this.#polled.get(watched);
    if (polled === undefined) {
      polled = new Polled(watched);
      this.#polled.set(watched, polled);
    }
    polled.want(events);
    return false;
  }

  tellAgain(): void {
    // No descriptor has all its changes reported, so there is nothing to repeat.
  }

  forget(watched: Watched): void {
    this.#polled.get(watched)?.close();
    this.#polled.delete(watched);
  }
}

let selector: Selector | undefined;

/** This thread's selector. */
export function pollSelector(): Selector {
  selector ??= new PollSelector();
  return selector;
}
