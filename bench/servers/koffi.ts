/**
 * The limit of Node with koffi: the C server again, without this library, without Node's loop,
 * and only on Linux. Its waits block, so timers and everything else in Node stand still.
 *
 * `callbacks` does what `dataReceived()` and `write()` do: it receives, creates a buffer of the
 * bytes, and sends it. `await` has a coroutine for each connection, which awaits a promise for
 * each receive and each send, as a user's program does; nothing can be cancelled.
 */
import { constants } from 'node:os';
import koffi from 'koffi';
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

const PIECE = 65_536;
const BACKLOG = 4096;
const EVENTS = 1024;

const library = koffi.load(null);
const libc = {
  socket: library.func('int socket(int, int, int)'),
  bind: library.func('int bind(int, void *, uint32_t)'),
  listen: library.func('int listen(int, int)'),
  getsockname: library.func('int getsockname(int, void *, void *)'),
  setsockopt: library.func('int setsockopt(int, int, int, void *, uint32_t)'),
  accept: library.func('int accept4(int, void *, void *, int)'),
  recv: library.func('int recv(int, uintptr_t, size_t, int)'),
  send: library.func('int send(int, void *, size_t, int)'),
  close: library.func('int close(int)'),
  epollCreate: library.func('int epoll_create1(int)'),
  epollControl: library.func('int epoll_ctl(int, int, int, void *)'),
  epollWait: library.func('int epoll_wait(int, uintptr_t, int, int)'),
};

const piece = Buffer.allocUnsafeSlow(PIECE);
const pieceAddress = Number(koffi.address(piece));
const events = new Uint32Array(EVENTS * EVENT_WORDS);
const eventsAddress = Number(koffi.address(events));

function checked(what: string, result: number): number {
  if (result < 0) throw new Error(`${what}: errno ${koffi.errno()}`);
  return result;
}

const wouldBlock = (): boolean => koffi.errno() === constants.errno.EAGAIN;

/** A client, as in C: its state, and its waiters. */
class Connection {
  readonly fd: number;
  readable = true;
  /** From now on, receives are tried without being notified. */
  ended = false;
  onReadable: () => void = () => {};
  onWritable: () => void = () => {};

  constructor(fd: number) {
    this.fd = fd;
  }

  /** Available data; `undefined` if there is none now; empty at the end, or if the connection failed. */
  receive(): Buffer | undefined {
    if (!this.readable) return undefined;
    const received = libc.recv(this.fd, pieceAddress, PIECE, 0);
    if (received < PIECE && !this.ended) this.readable = false;
    if (received < 0 && wouldBlock()) return undefined;
    const length = Math.max(0, received);
    const data = Buffer.allocUnsafe(length);
    piece.copy(data, 0, 0, length);
    return data;
  }

  /** How much the kernel accepted, starting at index `from`; -1 if the connection failed. */
  send(data: Buffer, from: number): number {
    const rest = from === 0 ? data : data.subarray(from);
    const sent = libc.send(this.fd, rest, rest.length, MSG_NOSIGNAL);
    return sent < 0 && wouldBlock() ? 0 : sent;
  }

  close(): void {
    connections[this.fd] = undefined;
    libc.close(this.fd);
  }
}

const connections: (Connection | undefined)[] = [];

/** Receives and sends until it would block: while it waits to send, it receives nothing. */
function serveByCallbacks(connection: Connection): void {
  let data: Buffer | undefined;
  let sent = 0;
  const serve = (): void => {
    while (true) {
      data ??= connection.receive();
      if (data === undefined) return;
      const now = data.length === 0 ? -1 : connection.send(data, sent);
      if (now < 0) break;
      sent += now;
      if (sent < data.length) return;
      data = undefined;
      sent = 0;
    }
    connection.close();
  };
  connection.onReadable = serve;
  connection.onWritable = () => {
    if (data !== undefined) serve();
  };
}

const SENT = Promise.resolve(true);

function received(connection: Connection): Promise<Buffer> {
  const data = connection.receive();
  if (data !== undefined) return Promise.resolve(data);
  return new Promise((resolve) => {
    connection.onReadable = () => {
      const later = connection.receive();
      if (later !== undefined) resolve(later);
    };
  });
}

/** Sends everything; `false` if the connection failed. */
function sentAll(connection: Connection, data: Buffer): Promise<boolean> {
  let sent = connection.send(data, 0);
  if (sent === data.length) return SENT;
  return new Promise((resolve) => {
    connection.onWritable = () => {
      const now = sent < 0 ? -1 : connection.send(data, sent);
      sent += now;
      if (now < 0 || sent === data.length) resolve(now >= 0);
    };
    if (sent < 0) resolve(false);
  });
}

async function serveAwaiting(connection: Connection): Promise<void> {
  let data = await received(connection);
  while (data.length > 0 && (await sentAll(connection, data))) data = await received(connection);
  connection.close();
}

const serve = process.argv[2] === 'await' ? serveAwaiting : serveByCallbacks;

function watch(selector: number, fd: number): void {
  const event = new Uint32Array(EVENT_WORDS);
  event[0] = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event[DATA_WORD] = fd;
  const bytes = Buffer.from(event.buffer);
  checked('epoll_ctl', libc.epollControl(selector, EPOLL_CTL_ADD, fd, bytes));
}

function listenAnywhere(): number {
  const listener = checked('socket', libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  const address = Buffer.alloc(16);
  address.set(new Uint8Array(Uint16Array.of(AF_INET).buffer));
  address.set([127, 0, 0, 1], 4);
  checked('bind', libc.bind(listener, address, address.length));
  checked('listen', libc.listen(listener, BACKLOG));
  const length = Buffer.from(Uint32Array.of(address.length).buffer);
  checked('getsockname', libc.getsockname(listener, address, length));
  console.log(`listening on ('127.0.0.1', ${address.readUInt16BE(2)})`);
  return listener;
}

const listener = listenAnywhere();
const selector = checked('epoll_create1', libc.epollCreate(0));
watch(selector, listener);

while (true) {
  const count = libc.epollWait(selector, eventsAddress, EVENTS, -1);
  for (let at = 0; at < count * EVENT_WORDS; at += EVENT_WORDS) {
    const bits = events[at] as number;
    const fd = events[at + DATA_WORD] as number;
    if (fd === listener) acceptAll();
    else tell(fd, bits);
  }
  // The coroutines continue as far as they can.
  await new Promise<void>((goOn) => process.nextTick(goOn));
}

function acceptAll(): void {
  while (true) {
    const fd = libc.accept(listener, null, null, SOCK_NONBLOCK);
    if (fd < 0) return;
    checked('setsockopt', libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, ON, ON.length));
    const connection = new Connection(fd);
    connections[fd] = connection;
    watch(selector, fd);
    void serve(connection);
  }
}

function tell(fd: number, bits: number): void {
  const connection = connections[fd];
  if (connection === undefined) return;
  // In addition to readiness to read and write: the end, a hang-up, an error.
  if ((bits & ~(EPOLLIN | EPOLLOUT)) !== 0) connection.ended = true;
  if ((bits & ~EPOLLOUT) !== 0) {
    connection.readable = true;
    connection.onReadable();
  }
  if ((bits & EPOLLOUT) !== 0) connection.onWritable();
}
