import { constants } from 'node:os';
import { OSError } from '../../../base/errors/os-errors.ts';
import { SlottedEndpoint } from '../../endpoint/base-endpoint.ts';
import { EMPTY } from '../../endpoint/byte-queue.ts';
import { noteDescriptor, noteFailure } from '../../endpoint/descriptor-limit.ts';
import type { PipeEnd, PipeKind } from '../../endpoint/endpoint.ts';
import { copyReceived } from '../../endpoint/received-copy.ts';
import { errno } from './ffi/errno.ts';
import {
  addressOf,
  borrowNonBlocking,
  closeDescriptor,
  duplicate,
  lastError,
  libc,
  takeOver,
} from './ffi/libc.ts';
import { ENDED, READABLE, type Selector, type Watched, WRITABLE } from './selectors/selector.ts';

const { EAGAIN, EINTR } = constants.errno;

/** The most bytes that one read takes, as in CPython. */
const READ_SIZE = 256 * 1024;

/** The last standard descriptor. */
const STDERR = 2;

/** One buffer for all pipes; bytes are copied out of it. */
let readBuffer: Buffer | undefined;

/**
 * One end of a pipe, or a terminal, or a socket that is used as one.
 *
 * A call is made only if it may succeed. If it would block, that is remembered until the selector
 * reports a change.
 *
 * A standard descriptor (0, 1, 2) is never closed, as in Node, because the next file that is opened
 * would get its number. Instead, its flags are restored.
 */
export class PosixPipe extends SlottedEndpoint implements PipeEnd, Watched {
  readonly driver = 'posix' as const;
  readonly noticesReader: boolean;
  /** The descriptor that the selector watches. */
  fd: number;
  /** The pipe's own descriptor. */
  readonly #fileno: number;
  readonly #selector: Selector;
  /**
   * Is it the writing end of a pipe? It has nothing to read, but reports when the reader is gone.
   */
  readonly #onlyWrites: boolean;
  /** Restores the flags of a descriptor that is not closed. */
  readonly #giveBack: (() => void) | undefined;
  #readable = true;
  #writable = true;
  /** Has the other end been closed? */
  #ended = false;
  /** Does the selector report all changes? Otherwise each call that would block asks it. */
  #watched = false;
  /** Does the selector know the descriptor? */
  #known = false;

  /** @throws {OSError} EBADF */
  constructor(fd: number, kind: PipeKind, writes: boolean, leaves: boolean, selector: Selector) {
    super(-1, -1, -1);
    this.fd = fd;
    this.#fileno = fd;
    this.#selector = selector;
    this.#onlyWrites = writes && kind === 'fifo';
    this.noticesReader = kind !== 'device';
    const isLent = leaves || fd <= STDERR;
    this.#giveBack = isLent ? borrowNonBlocking(fd) : undefined;
    if (isLent ? this.#giveBack === undefined : takeOver(fd) < 0) throw lastError('fcntl');
    noteDescriptor(fd);
  }

  onEvents(events: number): void {
    if ((events & ENDED) !== 0) this.#ended = true;
    if ((events & READABLE) !== 0) {
      this.#readable = true;
      this.tellReader(true);
    }
    if ((events & WRITABLE) !== 0) {
      this.#writable = true;
      this.tellWriter(true);
    }
  }

  override get mayReceive(): boolean {
    return this.#onlyWrites ? this.#ended : this.#readable;
  }

  tryRecv(nbytes: number): Buffer | undefined {
    this.mustBeOpen('read');
    if (this.#onlyWrites) {
      if (this.#ended) return EMPTY;
      this.#watch(READABLE);
      return undefined;
    }
    if (!this.#readable) return undefined;
    readBuffer ??= Buffer.allocUnsafeSlow(READ_SIZE);
    const most = Math.min(nbytes, READ_SIZE);
    const address = addressOf(readBuffer);
    const nread = libc().read(this.#fileno, address, most);
    const why = errno[0];
    if (nread > 0) {
      this.countRead(nread);
      return copyReceived(readBuffer, nread);
    }
    if (nread === 0) return EMPTY;
    this.#readable = false;
    this.#block(READABLE, why, 'read');
    return undefined;
  }

  trySend(data: Uint8Array, from: number): number {
    this.mustBeOpen('write');
    if (!this.#writable) return -1;
    const part = from === 0 ? data : data.subarray(from);
    const nwritten = libc().write(this.#fileno, part, part.length);
    const why = errno[0];
    if (nwritten > 0) {
      this.countWritten(nwritten);
      return nwritten;
    }
    this.#writable = false;
    if (nwritten < 0) this.#block(WRITABLE, why, 'write');
    else this.#watch(WRITABLE);
    return -1;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#known) this.#selector.forget(this);
    if (this.fd !== this.#fileno) closeDescriptor(this.fd);
    if (this.#giveBack === undefined) closeDescriptor(this.#fileno);
    else this.#giveBack();
    this.tellReader();
    this.tellWriter();
  }

  fileno(): number {
    return this.closed ? -1 : this.#fileno;
  }

  /**
   * A call failed. If it would block, waits for the selector.
   *
   * A call that was interrupted by a signal has not seen the state: it is reported again.
   *
   * @throws {OSError} when it failed for another reason
   */
  #block(side: number, why: number, syscall: string): void {
    if (why !== EAGAIN && why !== EINTR) throw lastError(syscall, why);
    if (why === EINTR && this.#watched) this.#selector.tellAgain(this);
    else this.#watch(side);
  }

  #watch(side: number): void {
    if (this.#watched) return;
    try {
      this.#watched = this.#selector.want(this, side);
    } catch (error) {
      // It is already polled, by Node or by the transport of the other direction.
      if (!(error instanceof OSError) || error.code !== 'EEXIST') throw error;
      const copy = duplicate(this.#fileno);
      if (copy < 0) throw noteFailure(lastError('dup'));
      this.fd = copy;
      this.#watched = this.#selector.want(this, side);
    }
    this.#known = true;
  }
}
