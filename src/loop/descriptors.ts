import { RuntimeError } from '../base/errors/errors.ts';
import { osError } from '../base/errors/os-errors.ts';
import { rangeError, typeError } from '../base/errors/refusals.ts';
import { brief } from '../base/printing/repr.ts';
import { scopeForLater } from '../core/context/context.ts';
import { Handle } from '../core/turns/handle.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Runnable } from '../core/turns/ready-entry.ts';
import { DescriptorWatch, socketEndpointOf } from '../sock/descriptors/descriptor-watch.ts';
import type { Endpoint, Ready } from '../sock/endpoint/endpoint.ts';
import { Socket } from '../sock/socket.ts';
import { transportRefusal } from '../transports/readiness-watch.ts';

/** A descriptor, or a socket that has one. */
export type FileDescriptorLike = number | Socket;

type SideName = 'reader' | 'writer';

/**
 * The callback for one side of a descriptor, called once a turn while the side is ready.
 *
 *         onReady()        its turn
 *   idle ──────────▶ queued ──────────▶ idle
 *                      │ onReady() again: the loop is not running
 *                      ▼
 *                    queued, and not polled until its turn
 *
 * On one of our sockets it takes the endpoint's slot, so that nothing else waits there.
 */
class Side implements Ready, Runnable {
  readonly #name: SideName;
  readonly #loop: LoopCore;
  readonly #endpoint: Endpoint | undefined;
  readonly #polls: () => void;
  readonly #closed: () => void;
  #handle: Handle | undefined;
  #queued = false;
  /** Should it be polled? */
  polled = false;

  constructor(
    name: SideName,
    loop: LoopCore,
    endpoint: Endpoint | undefined,
    polls: () => void,
    closed: () => void,
  ) {
    this.#name = name;
    this.#loop = loop;
    this.#endpoint = endpoint;
    this.#polls = polls;
    this.#closed = closed;
  }

  get taken(): boolean {
    return this.#handle !== undefined;
  }

  set(handle: Handle): void {
    this.#handle?.cancel();
    this.#handle = handle;
    if (this.#endpoint !== undefined) this.#endpoint[this.#name] = this;
    this.#poll(true);
  }

  /** @returns whether there was a callback */
  unset(): boolean {
    if (this.#handle === undefined) return false;
    this.#handle.cancel();
    this.#handle = undefined;
    if (this.#endpoint?.[this.#name] === this) this.#endpoint[this.#name] = undefined;
    this.#poll(false);
    return true;
  }

  /** The descriptor is ready on this side. */
  onReady(): void {
    if (this.#handle === undefined) return;
    if (this.#queued) {
      this.#poll(false);
      return;
    }
    this.#queued = true;
    this.#loop._turns.soon(this);
  }

  /** The endpoint reports a change. Only the kernel's state counts, except for the end. */
  ready(): void {
    if (this.#endpoint === undefined || this.#handle === undefined) return;
    if (this.#endpoint.closed) this.#closed();
    else this.#endpoint[this.#name] = this;
  }

  /** @internal its turn has come */
  _run(): void {
    this.#queued = false;
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#poll(true);
    handle._run();
  }

  #poll(wanted: boolean): void {
    if (this.polled === wanted) return;
    this.polled = wanted;
    this.#polls();
  }
}

/** One descriptor with its callbacks. */
class Watched {
  readonly reader: Side;
  readonly writer: Side;
  readonly #watch: DescriptorWatch;

  constructor(fd: number, loop: LoopCore, endpoint: Endpoint | undefined, closed: () => void) {
    const polls = (): void => this.#watch.listen(this.reader.polled, this.writer.polled);
    this.reader = new Side('reader', loop, endpoint, polls, closed);
    this.writer = new Side('writer', loop, endpoint, polls, closed);
    this.#watch = new DescriptorWatch(fd, (readable, writable, failed) => {
      // libuv has stopped polling.
      if (failed) {
        this.reader.polled = false;
        this.writer.polled = false;
      }
      if (readable) this.reader.onReady();
      if (writable) this.writer.onReady();
    });
  }

  get empty(): boolean {
    return !this.reader.taken && !this.writer.taken;
  }

  close(): void {
    this.reader.unset();
    this.writer.unset();
    this.#watch.close();
  }
}

/** The loop's reader and writer callbacks; `Loop` documents them. */
export class Descriptors {
  readonly #loop: LoopCore;
  readonly #watched = new Map<number, Watched>();

  constructor(loop: LoopCore) {
    this.#loop = loop;
  }

  add(
    side: SideName,
    fd: FileDescriptorLike,
    callback: (...args: never[]) => unknown,
    args: readonly unknown[],
  ): void {
    const fileno = this.#check(fd, side);
    let watched = this.#watched.get(fileno);
    if (watched === undefined) {
      watched = new Watched(fileno, this.#loop, socketEndpointOf(fileno), () => this.#drop(fileno));
      this.#watched.set(fileno, watched);
    }
    watched[side].set(new Handle(callback, args, this.#loop, scopeForLater()));
  }

  remove(side: SideName, fd: FileDescriptorLike): boolean {
    const fileno = this.#check(fd, side);
    const watched = this.#watched.get(fileno);
    if (watched === undefined) return false;
    const removed = watched[side].unset();
    if (watched.empty) this.#drop(fileno);
    return removed;
  }

  /** Removes all. */
  clear(): void {
    for (const fileno of [...this.#watched.keys()]) this.#drop(fileno);
  }

  #drop(fileno: number): void {
    const watched = this.#watched.get(fileno);
    this.#watched.delete(fileno);
    watched?.close();
  }

  #check(fd: unknown, side: SideName): number {
    const fileno = filenoOf(fd);
    const waiting = socketEndpointOf(fileno)?.[side];
    if (waiting === undefined || waiting instanceof Side) return fileno;
    throw (
      transportRefusal({ fileno: () => fileno }, waiting) ??
      new RuntimeError(
        `File descriptor ${fileno} is used by an operation that is ${side === 'reader' ? 'receiving or accepting' : 'sending or connecting'}`,
      )
    );
  }
}

function filenoOf(fd: unknown): number {
  if (fd instanceof Socket && fd.driver !== 'posix')
    throw osError('EOPNOTSUPP', 'epoll_ctl', {
      strerror: `Operation not supported (a socket of the ${fd.driver} driver has no descriptor of its own)`,
    });
  const fileno = fd instanceof Socket ? fd.fileno() : fd;
  if (typeof fileno !== 'number' || !Number.isInteger(fileno))
    throw typeError(`Invalid file object: ${brief(fd)}`);
  if (fileno < 0 || fileno > 0x7fffffff) throw rangeError(`Invalid file descriptor: ${fileno}`);
  return fileno;
}
