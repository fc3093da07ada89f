import { addressOf, closeDescriptor, lastError, libc } from '../ffi/libc.ts';
import { closeAtThreadEnd, lookWhenReadable } from '../ffi/libuv.ts';

export const EPOLLIN = 0x1;
export const EPOLLPRI = 0x2;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
export const EPOLLET = 0x80000000;

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

const EPOLL_CLOEXEC = 0o2000000;

/** `struct epoll_event` in 32-bit words; it is packed only on x86-64. */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const DATA_WORD = EVENT_WORDS - 2;

/** The most events per call. */
const MOST_EVENTS = 1024;

/** An epoll set that Node's own loop polls, for the life of the thread. Linux only. */
export class Epoll {
  readonly #fd: number;
  readonly #event = new Int32Array(EVENT_WORDS);
  readonly #events = new Int32Array(EVENT_WORDS * MOST_EVENTS);
  readonly #eventsAddress = addressOf(this.#events);
  readonly #tell: (fd: number, bits: number) => void;

  /** @param tell - called after the poll phase with a descriptor and its events; must not throw */
  constructor(tell: (fd: number, bits: number) => void) {
    this.#tell = tell;
    this.#fd = libc().epoll_create1(EPOLL_CLOEXEC);
    if (this.#fd < 0) throw lastError('epoll_create1');
    closeAtThreadEnd(this.#fd);
    try {
      lookWhenReadable(this.#fd, () => this.#look());
    } catch (error) {
      closeDescriptor(this.#fd);
      throw error;
    }
  }

  /** Adds, changes or removes a descriptor; returns a negative number on failure. */
  control(operation: number, fd: number, bits: number): number {
    this.#event[0] = bits;
    this.#event[DATA_WORD] = fd;
    return libc().epoll_ctl(this.#fd, operation, fd, this.#event);
  }

  #look(): void {
    const events = this.#events;
    const count = libc().epoll_wait(this.#fd, this.#eventsAddress, MOST_EVENTS, 0);
    for (let n = 0; n < count; n += 1)
      this.#tell(events[n * EVENT_WORDS + DATA_WORD] as number, events[n * EVENT_WORDS] as number);
  }
}
