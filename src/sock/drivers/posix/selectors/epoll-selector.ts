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
 * Tells of each change of many descriptors; Linux's.
 *
 * Edge-triggered: each descriptor is registered once, and each change is reported once. So the receiver
 * has to try until the call would block, or to remember that it has not.
 */
class EpollSelector implements Selector {
  readonly #epoll = new Epoll((fd, bits) => this.#tell(fd, bits));
  /** By descriptor: numbers are small, for the kernel gives the lowest that is free. */
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
    // Needed where it has a duplicate: closing this one would not end the registration.
    this.#epoll.control(EPOLL_CTL_DEL, watched.fd, 0);
  }

  #tell(fd: number, bits: number): void {
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

let selector: Selector | undefined;

/** The selector of this thread. */
export function epollSelector(): Selector {
  selector ??= new EpollSelector();
  return selector;
}
