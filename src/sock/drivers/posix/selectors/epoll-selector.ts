import { lastError } from '../ffi/libc.ts';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  Epoll,
} from './epoll.ts';
import { DIVIDED, ENDED, READABLE, type Selector, type Watched, WRITABLE } from './selector.ts';

/** The events requested for each descriptor; errors and hang-ups are always reported. */
const EVENTS = (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0;

/**
 * Reports changes of many descriptors, on Linux.
 *
 * Edge-triggered: each descriptor is registered once, and each change is reported once. So the
 * receiver has to try until the call would block, or remember that it has not.
 */
class EpollSelector implements Selector {
  readonly #epoll = new Epoll((fd, bits) => this.#tell(fd, bits));
  /** By descriptor: the numbers are small, because the kernel uses the lowest free one. */
  readonly #watched: (Watched | undefined)[] = [];

  want(watched: Watched): boolean {
    this.#register(EPOLL_CTL_ADD, watched);
    this.#watched[watched.fd] = watched;
    return true;
  }

  tellAgain(watched: Watched): void {
    this.#register(EPOLL_CTL_MOD, watched);
  }

  #register(operation: number, { fd }: Watched): void {
    if (this.#epoll.control(operation, fd, EVENTS) < 0) throw lastError('epoll_ctl');
  }

  forget(watched: Watched): void {
    if (this.#watched[watched.fd] !== watched) return;
    this.#watched[watched.fd] = undefined;
    // Closing the descriptor would not remove it from the set if it has a duplicate.
    this.#epoll.control(EPOLL_CTL_DEL, watched.fd, 0);
  }

  #tell(fd: number, bits: number): void {
    let events = 0;
    if ((bits & EPOLLIN) !== 0) events |= READABLE;
    if ((bits & EPOLLOUT) !== 0) events |= WRITABLE;
    if ((bits & EPOLLPRI) !== 0) events |= DIVIDED;
    if ((bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0) events |= READABLE | ENDED;
    if ((bits & (EPOLLHUP | EPOLLERR)) !== 0) events |= WRITABLE;
    // A receiver called earlier may have closed it.
    this.#watched[fd]?.onEvents(events);
  }
}

let selector: Selector | undefined;

/** This thread's selector. */
export function epollSelector(): Selector {
  selector ??= new EpollSelector();
  return selector;
}
