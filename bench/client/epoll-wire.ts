import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import {
  AF_INET,
  DATA_WORD,
  EPOLL_CTL_ADD,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  EVENT_WORDS,
  IPPROTO_TCP,
  MSG_NOSIGNAL,
  ON,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  TCP_NODELAY,
} from '../linux.ts';
import type { Libc } from './libc.ts';
import { type Link, type Peer, READ_SIZE, type Wire } from './wire.ts';

const SOCK_CLOEXEC = 0o2000000;
const EPOLLERR = 0x8;
const EPOLLHUP = 0x10;

/** How many events are read per call. */
const EVENTS = 1024;

/**
 * Connects to servers as a client in C would: with one edge-triggered epoll set, and blocking waits.
 *
 * A run blocks this process, which has nothing else to do.
 */
export class EpollWire implements Wire {
  readonly name = 'epoll';
  readonly libc: Libc;
  /** One buffer for all connections: it is checked before anything else can be read. */
  readonly buffer: Buffer = Buffer.allocUnsafeSlow(READ_SIZE);
  readonly #selector: number;
  readonly #events = new Uint32Array(EVENTS * EVENT_WORDS);
  /** The connections by descriptor. */
  readonly #links: (EpollLink | undefined)[] = [];
  #stopped = false;
  #failure: Error | undefined;

  constructor(libc: Libc) {
    this.libc = libc;
    this.#selector = this.checked('epoll_create1', libc.epollCreate(0));
  }

  connect(port: number, peer: Peer): Link {
    const { libc } = this;
    const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    const fd = this.checked('socket', libc.socket(AF_INET, type, 0));
    const link = new EpollLink(this, fd, peer);
    this.#links[fd] = link;
    this.checked('setsockopt', libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, ON, ON.length));
    const address = loopback(port);
    const began = libc.connect(fd, address, address.length);
    if (libc.errno() !== constants.errno.EINPROGRESS) this.checked('connect', began);
    const event = new Uint32Array(EVENT_WORDS);
    event[0] = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event[DATA_WORD] = fd;
    this.checked(
      'epoll_ctl',
      libc.epollControl(this.#selector, EPOLL_CTL_ADD, fd, Buffer.from(event.buffer)),
    );
    return link;
  }

  async run(seconds: number): Promise<boolean> {
    const events = Buffer.from(this.#events.buffer);
    const end = performance.now() + seconds * 1000;
    this.#stopped = false;
    while (!this.#stopped && this.#failure === undefined) {
      const left = end - performance.now();
      if (left <= 0) break;
      const count = this.libc.epollWait(this.#selector, events, EVENTS, Math.ceil(left));
      if (count < 0 && this.libc.errno() !== constants.errno.EINTR)
        this.checked('epoll_wait', count);
      for (let index = 0; index < count; index += 1) this.#handle(index * EVENT_WORDS);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.#stopped;
  }

  stop(error?: Error): void {
    this.#stopped = true;
    this.#failure ??= error;
  }

  close(): void {
    this.libc.close(this.#selector);
  }

  /** @throws {Error} with the name of the errno if `result` is -1 */
  checked(call: string, result: number): number {
    if (result >= 0) return result;
    throw new Error(`${call}: ${getSystemErrorName(-this.libc.errno())}`);
  }

  forget(fd: number): void {
    this.#links[fd] = undefined;
  }

  #handle(at: number): void {
    const fd = this.#events[at + DATA_WORD] as number;
    this.#links[fd]?.ready(this.#events[at] as number);
  }
}

/** A `struct sockaddr_in` of 127.0.0.1: the family in the byte order of this machine, the port in network order. */
function loopback(port: number): Buffer {
  const address = Buffer.alloc(16);
  address.set(new Uint8Array(Uint16Array.of(AF_INET).buffer));
  address.writeUInt16BE(port, 2);
  address.set([127, 0, 0, 1], 4);
  return address;
}

class EpollLink implements Link {
  readonly #wire: EpollWire;
  readonly #peer: Peer;
  /** -1 if closed. */
  #fd: number;
  #connected = false;
  /** The part of the message that the kernel has not accepted. */
  #rest: Buffer | undefined;

  constructor(wire: EpollWire, fd: number, peer: Peer) {
    this.#wire = wire;
    this.#fd = fd;
    this.#peer = peer;
  }

  ready(events: number): void {
    if ((events & (EPOLLERR | EPOLLHUP)) !== 0) {
      this.#peer.lost(new Error(this.#connected ? 'a connection broke' : 'a connect failed'));
      return;
    }
    if (!this.#connected) {
      this.#connected = true;
      this.#peer.connected();
    }
    if (this.#rest !== undefined && (events & EPOLLOUT) !== 0) this.send(this.#rest);
    if ((events & EPOLLIN) !== 0) this.#receive((events & EPOLLRDHUP) !== 0);
  }

  send(bytes: Buffer): void {
    const { libc } = this.#wire;
    const sent = libc.send(this.#fd, bytes, bytes.length, MSG_NOSIGNAL);
    if (sent < 0 && libc.errno() !== constants.errno.EAGAIN) this.#fail('send');
    else this.#rest = sent === bytes.length ? undefined : bytes.subarray(Math.max(0, sent));
  }

  close(): void {
    if (this.#fd < 0) return;
    this.#wire.forget(this.#fd);
    this.#wire.libc.close(this.#fd);
    this.#fd = -1;
  }

  /** One recv: a short one has emptied the socket, and later data triggers another event. */
  #receive(ended: boolean): void {
    const { libc, buffer } = this.#wire;
    let received: number;
    do {
      received = libc.recv(this.#fd, buffer, buffer.length, 0);
      if (received > 0) this.#peer.received(received, buffer);
    } while (this.#fd >= 0 && received > 0 && (ended || received === buffer.length));
    if (received === 0) this.#peer.lost(new Error('the server closed a connection'));
    else if (received < 0 && libc.errno() !== constants.errno.EAGAIN) this.#fail('recv');
  }

  #fail(call: string): void {
    this.#peer.lost(new Error(`${call}: ${getSystemErrorName(-this.#wire.libc.errno())}`));
  }
}
