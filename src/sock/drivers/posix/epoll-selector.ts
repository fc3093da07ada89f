import { addressOf, closeDescriptor, lastError, libc } from './libc.ts';
import { closeAtThreadEnd, PollHandle, UV_READABLE } from './libuv.ts';
import { DIVIDED, ENDED, READABLE, type Selector, type Watched, WRITABLE } from './selector.ts';

const EPOLLIN = 0x1;
const EPOLLPRI = 0x2;
const EPOLLOUT = 0x4;
const EPOLLERR = 0x8;
const EPOLLHUP = 0x10;
const EPOLLRDHUP = 0x2000;
const EPOLLET = 0x80000000;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

/** The events requested for each descriptor; errors and hang-ups are always reported. */
const EVENTS = (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0;

/** `struct epoll_event` is packed on x86-64 only. */
const EVENT_SIZE = process.arch === 'x64' ? 12 : 16;
const DATA_AT = EVENT_SIZE - 8;
/** The same in 32-bit words. */
const EVENT_WORDS = EVENT_SIZE / 4;
const DATA_WORD = DATA_AT / 4;

/** Events that one look takes. */
const MOST_EVENTS = 1024;

/**
 * Tells of each change of many descriptors, through one that Node's own loop polls; Linux's.
 *
 * Edge-triggered: each descriptor is registered once, and each change is reported once. So the receiver
 * has to try until the call would block, or to remember that it has not.
 */
class EpollSelector implements Selector {
  readonly #epoll: number;
  readonly #event = Buffer.alloc(EVENT_SIZE);
  readonly #events = new Int32Array(EVENT_WORDS * MOST_EVENTS);
  readonly #eventsAddress = addressOf(this.#events);
  /** By descriptor: numbers are small, for the kernel gives the lowest that is free. */
  readonly #watched: (Watched | undefined)[] = [];

  constructor() {
    this.#epoll = libc().epoll_create1(EPOLL_CLOEXEC);
    if (this.#epoll < 0) throw lastError('epoll_create1');
    closeAtThreadEnd(this.#epoll);
    try {
      new PollHandle(this.#epoll, () => this.#look()).listen(UV_READABLE);
    } catch (error) {
      closeDescriptor(this.#epoll);
      throw error;
    }
  }

  want(watched: Watched): boolean {
    this.#register(EPOLL_CTL_ADD, watched);
    this.#watched[watched.fd] = watched;
    return true;
  }

  tellAgain(watched: Watched): void {
    this.#register(EPOLL_CTL_MOD, watched);
  }

  #register(operation: number, { fd }: Watched): void {
    this.#event.writeUInt32LE(EVENTS, 0);
    this.#event.writeInt32LE(fd, DATA_AT);
    if (libc().epoll_ctl(this.#epoll, operation, fd, this.#event) < 0) throw lastError('epoll_ctl');
  }

  forget(watched: Watched): void {
    if (this.#watched[watched.fd] !== watched) return;
    this.#watched[watched.fd] = undefined;
    // Needed where it has a duplicate: closing this one would not end the registration.
    libc().epoll_ctl(this.#epoll, EPOLL_CTL_DEL, watched.fd, this.#event);
  }

  #look(): void {
    const events = this.#events;
    const count = libc().epoll_wait(this.#epoll, this.#eventsAddress, MOST_EVENTS, 0);
    for (let n = 0; n < count; n += 1) {
      const bits = events[n * EVENT_WORDS] as number;
      const fd = events[n * EVENT_WORDS + DATA_WORD] as number;
      let told = 0;
      if ((bits & EPOLLIN) !== 0) told |= READABLE;
      if ((bits & EPOLLOUT) !== 0) told |= WRITABLE;
      if ((bits & EPOLLPRI) !== 0) told |= DIVIDED;
      if ((bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0) told |= READABLE | ENDED;
      if ((bits & (EPOLLHUP | EPOLLERR)) !== 0) told |= WRITABLE;
      // Closed by one that was told before it.
      this.#watched[fd]?.onEvents(told);
    }
  }
}

let selector: Selector | undefined;

/** The selector of this thread. */
export function epollSelector(): Selector {
  selector ??= new EpollSelector();
  return selector;
}
