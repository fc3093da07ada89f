// Imported, because the global `Buffer` is a getter, which is called at each use.
import type { Buffer } from 'node:buffer';
import type { Socket as NetSocket } from 'node:net';
import { FLUSH_PATIENCE_MS } from '../../../base/constants.ts';
import { type OSError, osError } from '../../../base/errors/os-errors.ts';
import { clearTimeout, setTimeout } from '../../../base/node-timers.ts';
import { type Address, unboundAddress } from '../../addresses/address.ts';
import {
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_ACCEPTCONN,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_RCVBUF,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from '../../constants/constants.ts';
import { BaseEndpoint, lingerBytes, parseLinger } from '../../endpoint/base-endpoint.ts';
import { ByteQueue, EMPTY } from '../../endpoint/byte-queue.ts';
import { hasDescriptor, noteDescriptor, noteFailure } from '../../endpoint/descriptor-limit.ts';
import type { Accepted, ReceivedFrom } from '../../endpoint/endpoint.ts';
import { copyReceived } from '../../endpoint/received-copy.ts';
import { fromHandle, hostForHandle } from './addresses.ts';
import type {
  HandleAddress,
  PipeHandle,
  StatusRequest,
  StreamHandle,
  StreamReaderOwner,
  TcpHandle,
} from './handles/handle-types.ts';
import {
  acceptWith,
  hasReusePort,
  IPV6_ONLY,
  outside,
  readHandle,
  streamClasses,
  TCP_REUSE_PORT,
} from './handles/node-handles.ts';
import { PeerProgress } from './peer-progress.ts';
import { giveUpStaging, readBuffer, SEND_LIMIT, stage } from './stream-buffers.ts';
import {
  abandon,
  connectTcp,
  makeHandle,
  makeReader,
  makeRequest,
  readNow,
  refuseAbstract,
} from './stream-handles.ts';
import { isStreamOption, KEEPALIVE_IDLE } from './stream-options.ts';

/**
 * How many unread bytes are kept here before the kernel has to keep the rest; set by SO_RCVBUF.
 *
 * Four reads, because stopping and restarting costs two system calls.
 */
const RECEIVE_LIMIT = 256 * 1024;

/** A write request for reuse. */
let spareRequest: StatusRequest | undefined;

// The states of an endpoint, which can be closed in each of them:
//
//   fresh ── bind() ──▶ bound ── listen() ──▶ listening
//     │                   │
//     └───── connect() ───┴──▶ connecting ──▶ connected        (an accepted one starts here)
//                                  └────────▶ fresh, with an error to report
//
// `fresh` has no handle. Reading starts with the first try that finds nothing: bytes that are not
// requested stay in the kernel, which slows down the peer.
type State = 'fresh' | 'bound' | 'listening' | 'connecting' | 'connected';

/** A failure that has not been reported. The error is created where it is thrown, for its stack. */
interface Failure {
  readonly why: string | number;
  readonly syscall: string;
}

/** A stream socket on a Node handle: TCP, or AF_UNIX. */
export class StreamEndpoint extends BaseEndpoint implements StreamReaderOwner {
  readonly driver = 'node' as const;
  #state: State = 'fresh';
  /** Set from bind() or connect() on. */
  #handle: StreamHandle | undefined = undefined;
  /** The handle's descriptor. A closed handle forgets it. */
  #fd = -1;
  /** For AF_UNIX, where Node has no getsockname(). */
  #ownPath = '';
  #peerPath = '';

  /** Created when reading starts. */
  #source: NetSocket | undefined = undefined;
  /** Does libuv poll for bytes? We stop it when the queue is full, and libuv at the end. */
  #reading = false;
  readonly #received = new ByteQueue();
  #receiveLimit = RECEIVE_LIMIT;
  /** No more bytes will come: the peer ended, the connection broke, or SHUT_RD. */
  #ended = false;

  /** Does libuv hold bytes that the kernel has not taken? Then a send would block. */
  #sending = false;
  #sendingEnded = false;
  /** Set while a send waits, once {@link hasMovedOn} was called or the socket was closed. */
  #progress: PeerProgress | undefined = undefined;
  /** Why the next operation fails. */
  #failure: Failure | undefined = undefined;

  /** Connections that have not been accepted. */
  #incoming: StreamHandle[] = [];
  /** Did descriptors run out since the last accept that would have blocked? */
  #outOfDescriptors = false;
  /** Does close() reset the connection, because of SO_LINGER with 0 seconds? */
  #resets = false;
  #lingerSeconds = -1;
  /** Is sending to end after the pending send? */
  #shutdownIsDue = false;
  /** Is libuv shutting down the handle? Until it has, it refuses to reset the handle. */
  #shuttingDown = false;
  /** Set while the last bytes of a closed socket are sent. */
  #patience: NodeJS.Timeout | undefined = undefined;

  /** @param handle - of an accepted connection */
  constructor(family: number, proto: number, handle?: StreamHandle, path = '') {
    super(family, SOCK_STREAM, proto);
    if (handle === undefined) return;
    this.#handle = handle;
    this.#fd = handle.fd ?? -1;
    this.#ownPath = path;
    this.#state = 'connected';
  }

  // ---- receiving -------------------------------------------------------------------------------

  override get mayReceive(): boolean {
    return !this.#reading || this.#received.size > 0;
  }

  override tryRecv(nbytes: number): Buffer | undefined {
    const received = this.#received;
    if (received.size > 0 && nbytes > 0) {
      const data = received.take(nbytes);
      this.countRead(data.length);
      if (!this.#reading) this.#readOn();
      return data;
    }
    return this.#atEof() ? EMPTY : undefined;
  }

  override tryRecvInto(view: Uint8Array): number {
    const received = this.#received;
    if (received.size > 0) {
      const nbytes = received.takeInto(view);
      this.countRead(nbytes);
      if (!this.#reading) this.#readOn();
      return nbytes;
    }
    return this.#atEof() ? 0 : -1;
  }

  protected override peek(nbytes: number): ReceivedFrom | undefined {
    const received = this.#received;
    const data = received.size > 0 ? received.peek(nbytes) : EMPTY;
    if (data === EMPTY && !this.#atEof()) return undefined;
    return { data, address: this.sender() };
  }

  /**
   * The queue is empty: is it the end (`true`), or would it block (`false`)? Throws if the
   * connection failed.
   */
  #atEof(): boolean {
    // A send that failed in libuv has taken the error from the kernel. Received bytes come first.
    if (this.#failure?.syscall !== 'send' || this.#ended) this.#check('recv');
    if (this.#ended) return true;
    if (this.#state === 'connecting') return false;
    if (this.#state !== 'connected') throw osError('ENOTCONN', 'recv');
    if (!this.#reading) this.#readOn();
    return this.#ended;
  }

  #readOn(): void {
    if (this.#ended || this.closed || this.#received.size >= this.#receiveLimit) return;
    const handle = this.#handle as StreamHandle;
    this.#source ??= outside(makeReader, handle, this);
    this.#reading = true;
    const status = handle.readStart();
    if (status < 0) this.#broke(status, 'recv');
  }

  /** @internal called by the {@link readHandle} */
  onBytes(nread: number, buffer: Buffer): boolean {
    const received = this.#received;
    received.push(copyReceived(buffer, nread));
    // The reader may take the bytes right now: #reading still says that libuv reads.
    const { reader } = this;
    if (reader !== undefined) {
      this.reader = undefined;
      reader.ready(true);
    }
    if (received.size < this.#receiveLimit) return true;
    this.#reading = false;
    return false;
  }

  /** @internal called by the {@link readHandle} */
  onEnd(): void {
    // When a connection is closed and a read was short, libuv reports an end without reading on. But
    // the next read may fail.
    try {
      for (let nread = 1; nread > 0; ) {
        nread = readNow(this.#fd, readBuffer());
        if (nread > 0) this.#received.push(copyReceived(readBuffer(), nread));
      }
    } catch (error) {
      this.onReadError(error as Error);
      return;
    }
    this.#end();
    this.tellReader();
  }

  /** @internal called by the {@link readHandle} */
  onReadError(error: Error): void {
    this.#broke((error as NodeJS.ErrnoException).errno ?? 'EIO', 'recv');
  }

  #end(): void {
    this.#ended = true;
    this.#reading = false;
  }

  /**
   * The connection is lost: the next operation throws the reason, but a receive first takes the
   * received bytes. Then receiving is at its end and sending fails.
   */
  #broke(why: string | number, syscall: string): void {
    if (this.closed) return;
    this.#failure ??= { why, syscall };
    this.#sendingEnded = true;
    if (syscall !== 'send') {
      this.#handle?.readStop();
      this.#end();
    }
    this.tellReader();
    this.tellWriter();
  }

  // ---- sending ---------------------------------------------------------------------------------

  override trySend(data: Uint8Array, from: number): number {
    if (this.#failure !== undefined || this.closed) this.#check('send');
    if (this.#sending) return -1;
    if (this.#sendingEnded) throw osError('EPIPE', 'send');
    if (this.#state === 'connecting') return -1;
    if (this.#state !== 'connected')
      throw osError(this.family === AF_UNIX ? 'ENOTCONN' : 'EPIPE', 'send');
    if (from >= data.length) return 0;
    const bytes = stage(data, from);
    const { length } = bytes;
    this.#write(this.#handle as StreamHandle, bytes);
    this.countWritten(length);
    return length;
  }

  #write(handle: StreamHandle, bytes: Buffer): void {
    const { write } = streamClasses();
    let request: StatusRequest;
    if (write === undefined) {
      const outcome = handle.writeBuffer(null, bytes);
      if (typeof outcome === 'number') {
        if (outcome < 0) throw this.#sendFailed(outcome);
        return;
      }
      request = outcome;
    } else {
      request = spareRequest ?? outside(makeRequest, write);
      spareRequest = undefined;
      const status = handle.writeBuffer(request, bytes) as number;
      // Only a write that has to wait uses the request and gives it an id.
      if (request.getAsyncId() < 0) {
        spareRequest = request;
        if (status < 0) throw this.#sendFailed(status);
        return;
      }
      if (status < 0) throw this.#sendFailed(status);
    }
    // libuv keeps reading from the buffer.
    giveUpStaging();
    this.#sending = true;
    request.buffer = bytes;
    request.oncomplete = (status) => this.#sent(status);
    const early = request.writeStatus;
    if (typeof early === 'number') {
      request.writeStatus = null;
      this.#sent(early);
    }
  }

  /**
   * The system reports room to libuv only when a third of its buffer is free, which takes long with
   * a slow peer.
   */
  hasMovedOn(): Promise<boolean> | undefined {
    if (!this.#sending || this.closed || this.family === AF_UNIX || this.#fd < 0) return undefined;
    this.#progress ??= new PeerProgress(this.#fd);
    return this.#progress.ask();
  }

  #sendFailed(status: number): OSError {
    this.#sendingEnded = true;
    return osError(status, 'send');
  }

  /** The kernel has taken the bytes that had to wait, or the send failed. */
  #sent(status: number): void {
    this.#sending = false;
    this.#progress = undefined;
    if (this.closed) {
      this.#release();
      return;
    }
    if (status < 0) {
      this.#broke(status, 'send');
      return;
    }
    if (this.#shutdownIsDue) this.#endSending();
    this.tellWriter();
  }

  override trySendto(data: Uint8Array): number {
    if (this.#state === 'connected') throw osError('EISCONN', 'sendto');
    return this.trySend(data, 0);
  }

  override shutdown(how: number): void {
    this.#check('shutdown');
    if (this.#state !== 'connected') throw osError('ENOTCONN', 'shutdown');
    if ((how === SHUT_WR || how === SHUT_RDWR) && !this.#sendingEnded) {
      this.#sendingEnded = true;
      if (this.#sending) this.#shutdownIsDue = true;
      else {
        const status = this.#endSending();
        if (status < 0) throw osError(status, 'shutdown');
      }
    }
    if (how === SHUT_RD || how === SHUT_RDWR) {
      this.#handle?.readStop();
      this.#reading = false;
      this.#ended = true;
      this.tellReader();
    }
    this.tellWriter();
  }

  /** Returns 0 or a negative errno. If the peer is gone, the next receive fails. */
  #endSending(): number {
    this.#shutdownIsDue = false;
    const request = outside(makeRequest, streamClasses().shutdown);
    request.oncomplete = () => {
      this.#shuttingDown = false;
    };
    const status = (this.#handle as StreamHandle).shutdown(request);
    this.#shuttingDown = status >= 0;
    return status;
  }

  // ---- connecting and accepting ----------------------------------------------------------------

  override connect(address: Address): boolean {
    this.mustBeOpen('connect');
    refuseAbstract(address, 'connect');
    if (this.#state === 'connecting') throw osError('EALREADY', 'connect');
    if (this.#state === 'connected' || this.#state === 'listening')
      throw osError('EISCONN', 'connect');
    const handle = this.#needHandle();
    const { tcpConnect, pipeConnect } = streamClasses();
    const unix = typeof address === 'string';
    const request = outside(makeRequest, unix ? pipeConnect : tcpConnect);
    request.oncomplete = (status) => this.#connected(status, address);
    const status = unix
      ? ((handle as PipeHandle).connect(request, address) ?? 0)
      : connectTcp(handle as TcpHandle, request, address);
    if (status < 0) {
      this.#dropHandle();
      throw noteFailure(osError(status, 'connect'));
    }
    this.#state = 'connecting';
    this.#failure = undefined;
    this.#noteDescriptor();
    return false;
  }

  #connected(status: number, address: Address): void {
    if (this.closed) return;
    if (status < 0) {
      this.#failure = { why: status, syscall: 'connect' };
      this.#dropHandle();
    } else {
      this.#state = 'connected';
      if (typeof address === 'string') this.#peerPath = address;
      this.#applyOptions();
    }
    this.tellWriter();
    this.tellReader();
  }

  override connectError(): OSError | undefined {
    this.mustBeOpen('connect');
    const failure = this.#failure;
    this.#failure = undefined;
    return failure && osError(failure.why, failure.syscall);
  }

  override bind(address: Address): void {
    this.#check('bind');
    refuseAbstract(address, 'bind');
    if (this.#state !== 'fresh') throw osError('EINVAL', 'bind');
    const handle = this.#needHandle();
    let status: number;
    if (typeof address === 'string') {
      status = handle.bind(address);
    } else {
      const [host, port] = address;
      status =
        this.family === AF_INET6
          ? (handle as TcpHandle).bind6(hostForHandle(address, 'bind'), port, this.#bindFlags())
          : handle.bind(host, port, this.#bindFlags());
      // libuv reports "address in use" only at the next call that needs the address.
      if (status === 0) status = (handle as TcpHandle).getsockname({});
    }
    if (status < 0) {
      this.#dropHandle();
      throw noteFailure(osError(status, 'bind'));
    }
    if (typeof address === 'string') this.#ownPath = address;
    this.#state = 'bound';
    this.#noteDescriptor();
  }

  override listen(backlog: number): void {
    this.#check('listen');
    if (this.#state === 'connecting' || this.#state === 'connected')
      throw osError('EINVAL', 'listen');
    // A path must be bound; for a port the kernel picks one.
    if (this.#state === 'fresh' && this.family === AF_UNIX) throw osError('EINVAL', 'listen');
    if (this.#state === 'fresh') this.bind(unboundAddress(this.family));
    const handle = this.#handle as StreamHandle;
    acceptWith(handle, (status, client) => this.#cameIn(status, client));
    const status = handle.listen(Math.max(0, backlog));
    if (status < 0) throw osError(status, 'listen');
    this.#state = 'listening';
  }

  #cameIn(status: number, client: StreamHandle | undefined): void {
    if (status < 0 || client === undefined) {
      this.#failure ??= { why: status, syscall: 'accept' };
    } else {
      client.unref();
      this.#incoming.push(client);
      if (noteDescriptor(client.fd)) this.#outOfDescriptors = true;
    }
    this.tellReader();
  }

  override tryAccept(): Accepted | undefined {
    this.mustBeOpen('accept');
    if (this.#state !== 'listening') throw osError('EINVAL', 'accept');
    const handle = this.#incoming.shift();
    if (handle === undefined) {
      this.#check('accept');
      if (!this.#outOfDescriptors) return undefined;
      this.#outOfDescriptors = false;
      if (hasDescriptor()) return undefined;
      throw osError('EMFILE', 'accept');
    }
    const endpoint = new StreamEndpoint(this.family, this.proto, handle, this.#ownPath);
    endpoint.#inherit(this);
    return { endpoint, address: endpoint.sender() };
  }

  #inherit(listener: StreamEndpoint): void {
    // Over AF_UNIX nothing is inherited.
    if (this.family === AF_UNIX) return;
    this.inheritOptions(listener);
    this.#receiveLimit = listener.#receiveLimit;
    this.#lingerSeconds = listener.#lingerSeconds;
    this.#resets = listener.#resets;
    this.#applyOptions();
  }

  // ---- closing ---------------------------------------------------------------------------------

  override close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#ended = true;
    for (const client of this.#incoming) abandon(client, this.family !== AF_UNIX);
    this.#incoming = [];
    // Like the kernel: closing with unread bytes resets the connection.
    const unread = this.#state === 'connected' && this.#received.size > 0;
    this.#received.clear();
    if (this.#resets || unread) this.#abort();
    else if (this.#sending) this.#flush();
    else this.#release();
    this.tellReader();
    this.tellWriter();
  }

  /**
   * Lets libuv send the rest before the handle is closed.
   *
   * A kernel does so even after the process has ended. Here the process waits for it, but not for
   * long. While it runs, the rest is sent as long as the peer takes something; otherwise the
   * connection is reset, so that the peer does not mistake part of the data for all of it.
   */
  #flush(): void {
    const handle = this.#handle as StreamHandle;
    handle.readStop();
    handle.ref();
    if (this.family !== AF_UNIX && this.#fd >= 0) this.#progress ??= new PeerProgress(this.#fd);
    this.#flushOn();
  }

  #flushOn(): void {
    this.#patience = outside(setTimeout, () => this.#askPeer(), FLUSH_PATIENCE_MS).unref();
  }

  async #askPeer(): Promise<void> {
    this.#handle?.unref();
    // The peer is on this machine: if it ends, the send fails.
    if (this.family === AF_UNIX) return;
    const moved = await this.#progress?.ask();
    if (this.#handle === undefined) return;
    if (moved) this.#flushOn();
    else this.#abort();
  }

  #abort(): void {
    const handle = this.#handle as TcpHandle | undefined;
    // If libuv refused, Node would treat the handle as closed.
    const mayReset = this.family !== AF_UNIX && !this.#shuttingDown;
    if (handle === undefined || !mayReset || handle.reset() < 0) this.#release();
    else this.#forget();
  }

  #release(): void {
    this.#handle?.close();
    this.#forget();
  }

  /** Its handle no longer has the descriptor. */
  protected released(_fd: number): void {}

  #forget(): void {
    this.released(this.#fd);
    clearTimeout(this.#patience);
    this.#handle = undefined;
    this.#source = undefined;
    this.#fd = -1;
  }

  /** A bind or connect failed. The handle remembers that, so it cannot be used again. */
  #dropHandle(): void {
    this.#release();
    this.#reading = false;
    this.#state = 'fresh';
  }

  // ---- names and options -----------------------------------------------------------------------

  override getsockname(): Address {
    this.mustBeOpen('getsockname');
    if (this.family === AF_UNIX) return this.#ownPath;
    if (this.#handle === undefined) return unboundAddress(this.family);
    const out: HandleAddress = {};
    const status = (this.#handle as TcpHandle).getsockname(out);
    if (status < 0 || out.address === undefined) return unboundAddress(this.family);
    return fromHandle(this.family, out);
  }

  protected override peerAddress(): Address | undefined {
    if (this.#state !== 'connected') return undefined;
    if (this.family === AF_UNIX) return this.#peerPath;
    const out: HandleAddress = {};
    const status = (this.#handle as TcpHandle).getpeername(out);
    if (status < 0 || out.address === undefined) return undefined;
    return fromHandle(this.family, out);
  }

  override fileno(): number {
    return this.closed ? -1 : this.#fd;
  }

  protected override defaultProto(): number {
    return this.family === AF_UNIX ? 0 : IPPROTO_TCP;
  }

  protected override knowsOption(level: number, option: number): boolean {
    return isStreamOption(this.family, level, option);
  }

  protected override applyOption(
    level: number,
    option: number,
    value: number,
    raw: number | Uint8Array,
  ): void {
    if (level === SOL_SOCKET && option === SO_REUSEPORT && value !== 0 && !hasReusePort)
      throw osError('ENOPROTOOPT', 'setsockopt');
    if (level === SOL_SOCKET && option === SO_LINGER) {
      const { on, seconds } = parseLinger(raw);
      this.#lingerSeconds = on ? seconds : -1;
      this.#resets = on && seconds === 0;
    }
    if (level === SOL_SOCKET && option === SO_RCVBUF) this.#receiveLimit = Math.max(1, value);
    if (level === IPPROTO_IPV6 && this.#state !== 'fresh') throw osError('EINVAL', 'setsockopt');
    if (this.#state === 'connected') this.#applyTcpOption(level, option, value);
  }

  #applyOptions(): void {
    for (const [level, option, value] of this.givenOptions())
      this.#applyTcpOption(level, option, value);
  }

  #applyTcpOption(level: number, option: number, value: number): void {
    if (this.family === AF_UNIX) return;
    const handle = this.#handle as TcpHandle;
    if (level === IPPROTO_TCP && option === TCP_NODELAY) handle.setNoDelay(value !== 0);
    if (level === SOL_SOCKET && option === SO_KEEPALIVE)
      handle.setKeepAlive(value !== 0, this.option(IPPROTO_TCP, TCP_KEEPIDLE) || KEEPALIVE_IDLE);
    if (level === IPPROTO_TCP && option === TCP_KEEPIDLE && this.option(SOL_SOCKET, SO_KEEPALIVE))
      handle.setKeepAlive(true, value);
  }

  protected override readOption(level: number, option: number): number | Buffer | undefined {
    if (level === SOL_SOCKET) {
      if (option === SO_ACCEPTCONN) return this.#state === 'listening' ? 1 : 0;
      if (option === SO_RCVBUF) return this.#receiveLimit;
      if (option === SO_SNDBUF) return this.option(level, option) || SEND_LIMIT;
      if (option === SO_LINGER)
        return lingerBytes(this.#lingerSeconds >= 0, Math.max(0, this.#lingerSeconds));
    }
    if (level === IPPROTO_TCP && option === TCP_KEEPIDLE && this.family !== AF_UNIX)
      return this.option(level, option) || KEEPALIVE_IDLE;
    return undefined;
  }

  #bindFlags(): number {
    const only6 = this.option(IPPROTO_IPV6, IPV6_V6ONLY) !== 0 ? IPV6_ONLY : 0;
    return this.option(SOL_SOCKET, SO_REUSEPORT) !== 0 ? only6 | TCP_REUSE_PORT : only6;
  }

  // ---- helpers ---------------------------------------------------------------------------------

  /** Throws EBADF if it is closed, or an error that has not been reported. */
  #check(syscall: string): void {
    this.mustBeOpen(syscall);
    const error = this.connectError();
    if (error !== undefined) throw error;
  }

  #needHandle(): StreamHandle {
    this.#handle ??= outside(makeHandle, this.family);
    return this.#handle;
  }

  #noteDescriptor(): void {
    this.#fd = this.#handle?.fd ?? -1;
    noteDescriptor(this.#fd);
  }
}
