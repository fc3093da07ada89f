import { queueMicrotask } from '../../../../base/node-timers.ts';
import { EMPTY } from '../../../endpoint/byte-queue.ts';
import type {
  HandleAddress,
  StreamClasses,
  StreamHandle,
  StreamReaderOwner,
} from './handle-types.ts';

/** A connection in Bun: a call takes effect immediately, and returns how much it has done. */
interface BunSocket {
  data: BunHandle;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Returns how many bytes the kernel has taken; -1 if the connection is over. */
  write(data: Uint8Array): number;
  pause(): void;
  resume(): void;
  /** Sends the end of file. */
  shutdown(): void;
  close(): void;
  /** Closes with a reset. */
  terminate(): void;
  setNoDelay(on: boolean): void;
  setKeepAlive(on: boolean, delaySeconds: number): void;
  ref(): void;
  unref(): void;
}

interface BunListener {
  getsockname(out: HandleAddress): void;
  stop(): void;
  ref(): void;
  unref(): void;
}

interface BunNet {
  listen(options: object): BunListener;
  connect(options: object): Promise<unknown>;
}

interface Errno {
  readonly errno: number;
}

/** -EOPNOTSUPP and -EPIPE, as handles return them. */
const UNSUPPORTED = -95;
const BROKEN = -32;

/** A pending connect, write or shutdown. */
export class BunRequest {
  oncomplete: ((status: number) => void) | undefined = undefined;
  /** Does it have to wait? */
  waits = false;

  getAsyncId(): number {
    return this.waits ? 1 : -1;
  }
}

/**
 * A stream handle on top of Bun's sockets: TCP, or AF_UNIX.
 *
 * Bun binds and listens in one call, which is bind() here. Connections that come in before listen() wait for it.
 */
export class BunHandle {
  onconnection: StreamHandle['onconnection'] = undefined;
  /** Receives what is read, from the first read on. */
  owner: StreamReaderOwner | undefined = undefined;
  readonly fd = -1;
  #listener: BunListener | undefined = undefined;
  #socket: BunSocket | undefined = undefined;
  #names: readonly HandleAddress[] = [];
  #incoming: BunHandle[] = [];
  #connect: BunRequest | undefined = undefined;
  #isClosed = false;
  #isReferenced = true;
  /** Data that arrived while nothing was reading, and how reading ends. */
  #held: Buffer[] = [];
  #end: Errno | 'end' | undefined = undefined;
  /** A write of which the kernel has taken only part, and the rest of its data. */
  #write: BunRequest | undefined = undefined;
  #unsent: Uint8Array = EMPTY;

  static readonly #events = {
    open(socket: BunSocket) {
      const { data } = socket;
      const handle = data.#listener === undefined ? data : new BunHandle();
      handle.#opened(socket);
      if (handle !== data) data.#accepted(handle);
      else data.#connect?.oncomplete?.(0);
    },
    data: ({ data }: BunSocket, bytes: Buffer) => data.#received(bytes),
    end: ({ data }: BunSocket) => data.#ended('end'),
    close: ({ data }: BunSocket, error: Errno | undefined) => data.#lost(error),
    drain: ({ data }: BunSocket) => data.#sendOn(),
  };

  // ---- connecting and accepting ----------------------------------------------------------------

  bind(address: string, port?: number, flags = 0): number {
    const where =
      port === undefined
        ? { unix: address }
        : { hostname: address, port, ipv6Only: Boolean(flags & 1) };
    try {
      this.#listener = bun().listen(this.#options(where));
    } catch (error) {
      return statusOf(error as Errno);
    }
    if (!this.#isReferenced) this.#listener.unref();
    return 0;
  }

  bind6(address: string, port: number, flags: number): number {
    return this.bind(address, port, flags);
  }

  /** Bun cannot use existing descriptors. */
  open(): number {
    return UNSUPPORTED;
  }

  listen(): number {
    for (const handle of this.#incoming.splice(0)) this.#accepted(handle);
    return 0;
  }

  connect(request: BunRequest, address: string, port?: number): number {
    // Bun cannot connect from an address that was bound.
    if (this.#listener !== undefined) return UNSUPPORTED;
    this.#connect = request;
    const where = port === undefined ? { unix: address } : { hostname: address, port };
    bun()
      .connect(this.#options(where))
      .catch((error) => request.oncomplete?.(statusOf(error)));
    return 0;
  }

  connect6(request: BunRequest, address: string, port: number): number {
    return this.connect(request, address, port);
  }

  #options(where: object): object {
    return { ...where, allowHalfOpen: true, data: this, socket: BunHandle.#events };
  }

  #opened(socket: BunSocket): void {
    socket.data = this;
    this.#socket = socket;
    if (this.#isClosed) {
      socket.close();
      return;
    }
    socket.pause();
    if (!this.#isReferenced) socket.unref();
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    this.#names = [
      { address: localAddress, port: localPort },
      { address: remoteAddress, port: remotePort },
    ];
  }

  #accepted(handle: BunHandle): void {
    if (this.onconnection === undefined) this.#incoming.push(handle);
    else this.onconnection(0, handle as unknown as StreamHandle);
  }

  // ---- receiving -------------------------------------------------------------------------------

  readStart(): number {
    this.#socket?.resume();
    if (this.#held.length > 0 || this.#end !== undefined) queueMicrotask(() => this.#deliver());
    return 0;
  }

  readStop(): number {
    this.#socket?.pause();
    return 0;
  }

  /** Bun may report bytes even after a pause. */
  #received(bytes: Buffer): void {
    this.#held.push(bytes);
    if (this.#held.length === 1) this.#deliver();
  }

  #ended(how: Errno | 'end'): void {
    if (this.#end !== undefined && how === 'end') return;
    this.#end = how;
    this.#deliver();
  }

  #deliver(): void {
    const held = this.#held;
    for (let [bytes] = held; bytes !== undefined && this.owner !== undefined; [bytes] = held) {
      held.shift();
      if (!this.owner.onBytes(bytes.length, bytes)) {
        this.readStop();
        return;
      }
    }
    const { owner } = this;
    if (owner === undefined || this.#end === undefined) return;
    this.owner = undefined;
    if (this.#end === 'end') owner.onEnd();
    else owner.onReadError(this.#end as never);
  }

  #lost(error: Errno | undefined): void {
    this.#ended(error ?? 'end');
    const request = this.#write;
    this.#write = undefined;
    request?.oncomplete?.(error === undefined ? BROKEN : statusOf(error));
  }

  // ---- sending ---------------------------------------------------------------------------------

  writeBuffer(request: BunRequest, data: Uint8Array): number {
    const nbytes = this.#socket?.write(data) ?? -1;
    if (nbytes < 0) return BROKEN;
    if (nbytes < data.length) {
      request.waits = true;
      this.#write = request;
      this.#unsent = data.subarray(nbytes);
    }
    return 0;
  }

  #sendOn(): void {
    const request = this.#write;
    if (request === undefined) return;
    this.#write = undefined;
    const status = this.writeBuffer(request, this.#unsent);
    if (this.#write === undefined) request.oncomplete?.(status);
  }

  shutdown(request: BunRequest): number {
    this.#socket?.shutdown();
    queueMicrotask(() => request.oncomplete?.(0));
    return 0;
  }

  // ---- closing ---------------------------------------------------------------------------------

  close(): void {
    this.#leave();
    this.#socket?.close();
  }

  reset(): number {
    this.#leave();
    this.#socket?.terminate();
    return 0;
  }

  #leave(): void {
    this.#isClosed = true;
    this.#connect = undefined;
    this.owner = undefined;
    this.#listener?.stop();
    for (const handle of this.#incoming.splice(0)) handle.reset();
  }

  // ---- names and options -----------------------------------------------------------------------

  getsockname(out: HandleAddress): number {
    if (this.#listener !== undefined) this.#listener.getsockname(out);
    else Object.assign(out, this.#names[0]);
    return 0;
  }

  getpeername(out: HandleAddress): number {
    Object.assign(out, this.#names[1]);
    return 0;
  }

  setNoDelay(on: boolean): void {
    this.#socket?.setNoDelay(on);
  }

  setKeepAlive(on: boolean, delaySeconds: number): void {
    this.#socket?.setKeepAlive(on, delaySeconds);
  }

  ref(): void {
    this.#isReferenced = true;
    (this.#socket ?? this.#listener)?.ref();
  }

  unref(): void {
    this.#isReferenced = false;
    (this.#socket ?? this.#listener)?.unref();
  }
}

function bun(): BunNet {
  return (globalThis as unknown as { Bun: BunNet }).Bun;
}

/** Some of Bun's errors have negative numbers, others positive ones. */
function statusOf({ errno }: Errno): number {
  return -Math.abs(errno);
}

/** The classes to use on Bun in place of Node's. */
export const CLASSES_OF_BUN = {
  tcp: BunHandle,
  pipe: BunHandle,
  tcpConnect: BunRequest,
  pipeConnect: BunRequest,
  write: BunRequest,
  shutdown: BunRequest,
} as unknown as StreamClasses;
