import { AF_INET, SOCK_DGRAM } from '../../../constants/constants.ts';
import { closeDescriptor, lastError, openSocket } from '../ffi/libc.ts';
import { PollHandle, UV_READABLE, UV_WRITABLE } from '../ffi/libuv.ts';
import { ENDED, READABLE, type Selector, type Watched, WRITABLE } from './selector.ts';

/** One descriptor that Node's own loop polls. */
class Polled {
  readonly #watched: Watched;
  readonly #handle: PollHandle;
  /** What it is to be told of, once. */
  #wanted = 0;
  /** What libuv polls it for: what is wanted, and what was wanted last. */
  #polled = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#handle = new PollHandle(watched.fd, (events) => this.#told(events));
  }

  want(events: number): void {
    this.#wanted |= events;
    if ((this.#wanted & ~this.#polled) !== 0) this.#poll(this.#wanted | this.#polled);
  }

  close(): void {
    this.#handle.close();
  }

  /**
   * What nobody wanted is polled for no more. What somebody wanted stays, for it is likely to be
   * wanted again by the next poll phase, and stopping and starting costs two system calls.
   */
  #told(events: number): void {
    if (events < 0) {
      // An error waits for the next try. libuv polls no more.
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
 * Tells what becomes of many descriptors, each of which Node's own loop polls: for kernels without
 * epoll, where libuv uses kqueue. It runs wherever libuv does.
 *
 * Level-triggered underneath, and one-shot for the caller, who requests each event.
 */
class PollSelector implements Selector {
  readonly #polled = new Map<Watched, Polled>();

  constructor() {
    // Whether libuv is as we think shows at the first handle: better now than under a receive.
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
    // Of no descriptor are all changes reported.
  }

  forget(watched: Watched): void {
    this.#polled.get(watched)?.close();
    this.#polled.delete(watched);
  }
}

let selector: Selector | undefined;

/** The selector of this thread. */
export function pollSelector(): Selector {
  selector ??= new PollSelector();
  return selector;
}
