import { keepingFlags, lastError } from '../ffi/libc.ts';
import { PollHandle } from '../ffi/libuv.ts';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLIN, EPOLLOUT, Epoll } from './epoll.ts';
import { READABLE, WRITABLE } from './selector.ts';

/** A descriptor that is watched level-triggered. */
export interface Level {
  /** Sets what to watch for: {@link READABLE}, {@link WRITABLE}, both, or 0 for nothing. */
  listen(events: number): void;
  /** Stops watching. The descriptor may be closed once this returns. */
  close(): void;
}

/**
 * Reports in each turn of Node's loop what a descriptor is ready for.
 *
 * @param onEvents - called with {@link READABLE} and {@link WRITABLE}, or with -1 on failure, which
 *   stops it until the next {@link Level.listen}; must not throw
 * @throws {OSError} EPERM for a regular file
 */
export function watchLevel(fd: number, onEvents: (events: number) => void): Level {
  if (process.platform === 'linux') return new EpollLevel(fd, onEvents);
  // libuv makes descriptors non-blocking, which would affect all processes that share it.
  return keepingFlags(fd, () => new PollHandle(fd, onEvents));
}

let epoll: Epoll | undefined;
const levels = new Map<number, EpollLevel>();

class EpollLevel implements Level {
  readonly #fd: number;
  readonly #epoll: Epoll;
  readonly #onEvents: (events: number) => void;
  /** The registered events; 0 if it is not registered. */
  #events = 0;

  constructor(fd: number, onEvents: (events: number) => void) {
    epoll ??= new Epoll((ready, bits) => levels.get(ready)?.tell(bits));
    this.#epoll = epoll;
    this.#fd = fd;
    this.#onEvents = onEvents;
    // Fails now if the descriptor cannot be watched.
    this.listen(READABLE);
    this.listen(0);
  }

  listen(events: number): void {
    if (events === this.#events) return;
    // Hang-ups are always reported, so a descriptor without wanted events leaves the set.
    let operation = EPOLL_CTL_MOD;
    if (events === 0) operation = EPOLL_CTL_DEL;
    else if (this.#events === 0) operation = EPOLL_CTL_ADD;
    const bits =
      ((events & READABLE) !== 0 ? EPOLLIN : 0) | ((events & WRITABLE) !== 0 ? EPOLLOUT : 0);
    if (this.#epoll.control(operation, this.#fd, bits) < 0) throw lastError('epoll_ctl');
    this.#events = events;
    if (events === 0) levels.delete(this.#fd);
    else levels.set(this.#fd, this);
  }

  /** Like Python's selectors: an error or a hang-up is reported to both sides. */
  tell(bits: number): void {
    let events = 0;
    if ((bits & ~EPOLLOUT) !== 0) events |= READABLE;
    if ((bits & ~EPOLLIN) !== 0) events |= WRITABLE;
    this.#onEvents(events & this.#events);
  }

  close(): void {
    this.listen(0);
  }
}
