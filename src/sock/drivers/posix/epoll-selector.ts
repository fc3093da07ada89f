import { lastError, libc, pollForEver } from './libc.ts';

/** There is something to read, or the end, or a connection. */
export const READABLE = 1;
/** There is room to send, or a connect is over. */
export const WRITABLE = 2;
/** The peer has ended, or the connection broke: from now on reading tells of it without fail. */
export const ENDED = 4;

/** Who is told what became of a descriptor. */
export interface Watched {
  readonly fd: number;
  /** Told of each change, in the poll phase: {@link READABLE}, {@link WRITABLE}, {@link ENDED}. */
  onEvents(events: number): void;
}

const EPOLLIN = 0x1;
const EPOLLOUT = 0x4;
const EPOLLERR = 0x8;
const EPOLLHUP = 0x10;
const EPOLLRDHUP = 0x2000;
const EPOLLET = 0x80000000;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;

/** `struct epoll_event` is packed on x86-64 only. */
const EVENT_SIZE = process.arch === 'x64' ? 12 : 16;
const DATA_AT = EVENT_SIZE - 8;

/** Events that one look takes. */
const MOST_EVENTS = 1024;

/**
 * Tells of each change of many descriptors, through one that Node's own loop polls.
 *
 * Edge-triggered: each descriptor is registered once, and a change is told once. So who is told
 * has to try until the call would block, or to remember that it has not.
 */
class EpollSelector {
  readonly #epoll: number;
  readonly #event = Buffer.alloc(EVENT_SIZE);
  readonly #events = Buffer.alloc(EVENT_SIZE * MOST_EVENTS);
  readonly #watched = new Map<number, Watched>();

  constructor() {
    this.#epoll = libc().epoll_create1(EPOLL_CLOEXEC);
    if (this.#epoll < 0) throw lastError('epoll_create1');
    pollForEver(this.#epoll, () => this.#look());
  }

  /** Watches from now on; what is so already is told, too. */
  watch(watched: Watched): void {
    this.#event.writeUInt32LE((EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0, 0);
    this.#event.writeInt32LE(watched.fd, DATA_AT);
    if (libc().epoll_ctl(this.#epoll, EPOLL_CTL_ADD, watched.fd, this.#event) < 0)
      throw lastError('epoll_ctl');
    this.#watched.set(watched.fd, watched);
  }

  /** Forgets a descriptor, while it is still open. */
  forget(watched: Watched): void {
    this.#watched.delete(watched.fd);
    // Needed where it has a duplicate: closing this one would not end the registration.
    libc().epoll_ctl(this.#epoll, EPOLL_CTL_DEL, watched.fd, this.#event);
  }

  #look(): void {
    const events = this.#events;
    const count = libc().epoll_wait(this.#epoll, events, MOST_EVENTS, 0);
    for (let n = 0; n < count; n += 1) {
      const bits = events.readUInt32LE(n * EVENT_SIZE);
      const fd = events.readInt32LE(n * EVENT_SIZE + DATA_AT);
      let told = 0;
      if ((bits & EPOLLIN) !== 0) told |= READABLE;
      if ((bits & EPOLLOUT) !== 0) told |= WRITABLE;
      if ((bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0) told |= READABLE | ENDED;
      if ((bits & (EPOLLHUP | EPOLLERR)) !== 0) told |= WRITABLE;
      // Closed by one that was told before it.
      this.#watched.get(fd)?.onEvents(told);
    }
  }
}

let selector: EpollSelector | undefined;

/** The selector of this thread. */
export function epollSelector(): EpollSelector {
  selector ??= new EpollSelector();
  return selector;
}
