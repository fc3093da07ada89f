import { ACCEPT_RETRY_DELAY, OPERATIONS_PER_TURN } from '../base/constants.ts';
import { forAwait, madeForAwait, RuntimeError } from '../base/errors/errors.ts';
import { OSError, osError } from '../base/errors/os-errors.ts';
import { checkWhole } from '../base/numbers.ts';
import { brief, repr, typeNameOf } from '../base/printing/repr.ts';
import { isA } from '../base/values/attempt.ts';
import { isBytes, type Received } from '../base/values/bytes.ts';
import { ensureFuture } from '../core/coroutines/ensure-future.ts';
import { checkCancelMessage } from '../core/futures/cancel-message.ts';
import type { Future } from '../core/futures/future.ts';
import { NativeOperation } from '../core/futures/native-operation.ts';
import { awaitedNatively } from '../core/futures/native-promise.ts';
import type { Operation } from '../core/futures/operation.ts';
import type { WaitDescription } from '../core/futures/wait-description.ts';
import type { Cancellable, LoopCore } from '../core/turns/loop-core.ts';
import type { Runnable } from '../core/turns/ready-entry.ts';
import { type Address, type AddressInput, checkAddress } from '../sock/addresses/address.ts';
import { resolveLocally } from '../sock/addresses/resolve.ts';
import { AF_INET, AF_INET6 } from '../sock/constants/constants.ts';
import { EMPTY } from '../sock/endpoint/byte-queue.ts';
import type { Endpoint, Ready } from '../sock/endpoint/endpoint.ts';
import { sendMost } from '../sock/endpoint/send-most.ts';
import { Socket } from '../sock/socket.ts';
import type { ResolvedAddress, ResolvingLoop } from '../transports/addresses/host-lookup.ts';
import { transportRefusal } from '../transports/readiness-watch.ts';
import { isNumericHost } from './name-lookup.ts';

/**
 * The one way to wait for a socket: try now, else when ready try again.
 *
 *   trying ──────────────▶ done
 *     │ ▲                    ▲
 *     │ │ its turn           │ cancel(), the socket is closed
 *     ▼ │                    │
 *   waiting ─────────────────┘
 *
 * While it waits, the operation is in its endpoint's slot. When the socket is ready, it
 * takes a turn, and tries in that turn; what it gets then goes to the awaiting task in the same
 * turn. So there is no moment in which bytes have been taken and a cancel can still come between:
 * an operation that was cancelled has taken nothing.
 *
 * The first try is made by the caller before there is an object: most sends and many receives
 * succeed at once.
 */
abstract class SockOperation<T> extends NativeOperation<T> implements Ready, Runnable {
  protected readonly sock: Socket;
  protected readonly endpoint: Endpoint;
  /** Has it been told, and not had its turn? */
  private _queued = false;
  /** Is it its turn? Then the awaiting code goes on in this same turn. */
  private _inTurn = false;

  constructor(loop: LoopCore, sock: Socket) {
    super(loop);
    this.sock = sock;
    this.endpoint = sock._endpoint;
  }

  /** Tries; `undefined`: would block. */
  protected abstract attempt(): { readonly value: T } | undefined;

  /** The side of the endpoint on which it waits. */
  protected abstract get side(): 'reader' | 'writer';

  /** @internal the method that a program has called */
  abstract get _operation(): string;

  /** @internal */
  override _describe(): WaitDescription {
    return { operation: this._operation, on: this.sock };
  }

  /** Takes the slot, and waits to be told. */
  wait(): this {
    if (this.side === 'reader') this.endpoint.reader = this;
    else this.endpoint.writer = this;
    return this;
  }

  /** Takes the slot, and tries in the next turn without being told. */
  waitTurn(): this {
    this.wait();
    this.ready();
    return this;
  }

  ready(together = false): void {
    // The slot stays ours until the turn: nobody else may take what we were told of.
    this.wait();
    if (this._queued) return;
    this._queued = true;
    if (together) this._loop._turns.soonTogether(this);
    else this._loop._turns.soon(this);
  }

  /** @internal its turn has come */
  _run(): void {
    this._queued = false;
    if (this._state !== 'pending') return;
    this.leave();
    this._inTurn = true;
    try {
      // One that was given up with detach() may live on, under another socket.
      if (this.sock._isClosed) throw osError('EBADF');
      const outcome = this.attempt();
      if (outcome === undefined) this.wait();
      else this._finish(outcome.value);
    } catch (error) {
      this._fail(forAwait(error));
    }
    this._inTurn = false;
  }

  override cancel(message?: string): boolean {
    checkCancelMessage(message);
    this.leave();
    return super.cancel(message);
  }

  /** @internal */
  override _tell(): void {
    if (this._inTurn) this._tellNow();
    else super._tell();
  }

  protected leave(): void {
    const { endpoint } = this;
    if (endpoint.reader === this) endpoint.reader = undefined;
    if (endpoint.writer === this) endpoint.writer = undefined;
  }
}

/** Receives into its own memory. */
class Receive extends SockOperation<Received> {
  static {
    awaitedNatively(this);
  }

  override get _operation(): string {
    return 'sockRecv';
  }

  protected get side(): 'reader' {
    return 'reader';
  }

  readonly #nbytes: number;

  constructor(loop: LoopCore, sock: Socket, nbytes: number) {
    super(loop, sock);
    this.#nbytes = nbytes;
  }

  protected attempt(): { readonly value: Received } | undefined {
    const value = this.endpoint.tryRecv(this.#nbytes);
    return value && { value: value as Received };
  }
}

/** Receives into memory that is given. */
class ReceiveInto extends SockOperation<number> {
  static {
    awaitedNatively(this);
  }

  override get _operation(): string {
    return 'sockRecvInto';
  }

  protected get side(): 'reader' {
    return 'reader';
  }

  readonly #buffer: Uint8Array;
  readonly #length: number;

  constructor(loop: LoopCore, sock: Socket, buffer: Uint8Array) {
    super(loop, sock);
    this.#buffer = buffer;
    this.#length = buffer.length;
  }

  protected attempt(): { readonly value: number } | undefined {
    checkUncut(this.#buffer, this.#length, 'buffer');
    const value = this.endpoint.tryRecvInto(this.#buffer);
    return value < 0 ? undefined : { value };
  }
}

/** Any operation whose try needs nothing but what it was made with. */
class Attempt<T> extends SockOperation<T> {
  static {
    awaitedNatively(this);
  }

  readonly _operation: string;
  readonly #side: 'reader' | 'writer';
  protected readonly attempt: () => { readonly value: T } | undefined;

  constructor(
    loop: LoopCore,
    sock: Socket,
    operation: string,
    side: 'reader' | 'writer',
    attempt: () => { readonly value: T } | undefined,
  ) {
    super(loop, sock);
    this._operation = operation;
    this.#side = side;
    this.attempt = attempt;
  }

  protected get side(): 'reader' | 'writer' {
    return this.#side;
  }
}

/** Sends all of an array, in as many parts as it takes. */
class SendAll extends SockOperation<void> {
  static {
    awaitedNatively(this);
  }

  override get _operation(): string {
    return 'sockSendall';
  }

  override _describe(): WaitDescription {
    return { ...super._describe(), detail: `${this.#sent} of ${this.#length} bytes sent` };
  }

  protected get side(): 'writer' {
    return 'writer';
  }

  readonly #data: Uint8Array;
  readonly #length: number;
  /** The bytes that are sent. */
  #sent: number;

  constructor(loop: LoopCore, sock: Socket, data: Uint8Array, sent: number) {
    super(loop, sock);
    this.#data = data;
    this.#length = data.length;
    this.#sent = sent;
  }

  protected attempt(): { readonly value: undefined } | undefined {
    checkUncut(this.#data, this.#length, 'data');
    this.#sent = sendMost(this.endpoint, this.#data, this.#sent);
    return this.#sent === this.#data.length ? { value: undefined } : undefined;
  }
}

/** Accepts a connection, and outlives a shortage of descriptors. */
class Accept extends SockOperation<[Socket, Address]> {
  static {
    awaitedNatively(this);
  }

  override get _operation(): string {
    return 'sockAccept';
  }

  protected get side(): 'reader' {
    return 'reader';
  }

  /** Runs while descriptors are short. */
  #retry: Cancellable | undefined;

  attempt(): { readonly value: [Socket, Address] } | undefined {
    try {
      const value = acceptNow(this.endpoint);
      return value && { value };
    } catch (error) {
      if (!isShortage(error)) throw error;
      this.rest(error);
      return undefined;
    }
  }

  /** Reports a shortage, and tries again when there may be descriptors. */
  rest(error: unknown): void {
    this.#retry = this._loop.callLater(ACCEPT_RETRY_DELAY, () => {
      this.#retry = undefined;
      this.ready();
    });
    // The exception handler may cancel the wait.
    this._loop.callExceptionHandler({
      message: 'socket.accept() out of system resource',
      exception: error,
      socket: this.sock,
    });
  }

  override ready(together = false): void {
    // News of connections is no news of descriptors, unless the socket was closed.
    if (this.#retry === undefined || this.sock.fileno() === -1) super.ready(together);
    else this.wait();
  }

  override cancel(message?: string): boolean {
    checkCancelMessage(message);
    this.#retry?.cancel();
    return super.cancel(message);
  }
}

/** Connects: looks the host up first, where it is a name. */
class Connect extends SockOperation<void> {
  static {
    awaitedNatively(this);
  }

  override get _operation(): string {
    return 'sockConnect';
  }

  override _describe(): WaitDescription {
    const detail =
      this.#lookUp === undefined ? `to ${repr(this.#address)}` : 'its address is being looked up';
    return { ...super._describe(), detail };
  }

  protected get side(): 'writer' {
    return 'writer';
  }

  /** The look-up, while it runs. */
  #lookUp: Future<readonly ResolvedAddress[]> | undefined;
  #address: Address | undefined;

  /** Begins with an address that needs no look-up. */
  begin(address: Address): this {
    this.#address = address;
    try {
      if (this.endpoint.connect(address)) this._finish(undefined);
      else this.wait();
    } catch (error) {
      // Under way since one that was cancelled: its outcome is ours. A full backlog of AF_UNIX is
      // EAGAIN: nothing is under way then, and nobody would be told.
      if (isA(error, OSError) && error.code === 'EALREADY') this.wait();
      else this._fail(connectError(error, address));
    }
    return this;
  }

  beginWithName([host, port]: readonly [string, number]): this {
    const { family, type, proto } = this.sock;
    const asked = { family, type, proto, flags: 0 };
    // By the loop's own method, which a program may have put another one in the place of.
    const found = (this._loop as ResolvingLoop).getaddrinfo(host, port, asked);
    const lookUp = ensureFuture(found, { loop: this._loop });
    this.#lookUp = lookUp;
    // Meanwhile the slot is taken: nobody else connects, and a close is told at once.
    this.wait();
    lookUp.addDoneCallback(() => {
      this.#lookUp = undefined;
      const error = lookUp.cancelled() ? undefined : lookUp.exception();
      if (this.done()) return;
      this.leave();
      if (lookUp.cancelled()) this.cancel();
      else if (error !== undefined) this._fail(error);
      else this.#beginWith(lookUp.result()[0]);
    });
    return this;
  }

  #beginWith(way: ResolvedAddress | undefined): void {
    if (way === undefined) this._fail(new OSError('getaddrinfo() returned empty list'));
    else this.begin(way[4]);
  }

  protected attempt(): { readonly value: undefined } | undefined {
    if (this.#lookUp !== undefined) return undefined;
    const failure = madeForAwait(() => {
      const error = this.endpoint.connectError();
      return error && connectError(error, this.#address as Address);
    });
    if (failure !== undefined) throw failure;
    return { value: undefined };
  }

  override cancel(message?: string): boolean {
    const cancelled = super.cancel(message);
    this.#lookUp?.cancel();
    return cancelled;
  }
}

/** asyncio's socket methods, for one loop. `Loop` documents them; here is how they are done. */
export class SockOperations {
  readonly #loop: LoopCore;
  /** Operations that completed without waiting, since one had to yield. */
  #unwaited = 0;
  /** What a completed send gives: the same for all. */
  readonly #sent: Operation<void>;

  constructor(loop: LoopCore) {
    this.#loop = loop;
    // Most sends complete at once.
    this.#sent = new NativeOperation<void>(loop);
    this.#sent._finish(undefined);
  }

  recv(sock: Socket, nbytes: number): Operation<Received> {
    checkWhole(nbytes, 0, Number.MAX_SAFE_INTEGER, 'nbytes');
    this.#check(sock, 'sockRecv', 'reader');
    if (nbytes === 0) return this.#done(EMPTY as Received);
    if (this.#mustYield()) return new Receive(this.#loop, sock, nbytes).waitTurn();
    try {
      const data = sock._endpoint.tryRecv(nbytes);
      if (data === undefined) return new Receive(this.#loop, sock, nbytes).wait();
      return this.#done(data as Received);
    } catch (error) {
      return this.#failed(error);
    }
  }

  recvInto(sock: Socket, buffer: Uint8Array): Operation<number> {
    checkBytes(buffer, 'buffer');
    this.#check(sock, 'sockRecvInto', 'reader');
    if (buffer.length === 0) return this.#done(0);
    if (this.#mustYield()) return new ReceiveInto(this.#loop, sock, buffer).waitTurn();
    try {
      const received = sock._endpoint.tryRecvInto(buffer);
      if (received < 0) return new ReceiveInto(this.#loop, sock, buffer).wait();
      return this.#done(received);
    } catch (error) {
      return this.#failed(error);
    }
  }

  recvfrom(sock: Socket, bufsize: number): Operation<[Received, Address]> {
    checkWhole(bufsize, 0, Number.MAX_SAFE_INTEGER, 'bufsize');
    return this.#start(sock, 'sockRecvfrom', 'reader', () => {
      const received = sock._endpoint.tryRecvfrom(bufsize);
      return received && { value: [received.data as Received, received.address] };
    });
  }

  recvfromInto(sock: Socket, buffer: Uint8Array, nbytes: number): Operation<[number, Address]> {
    checkBytes(buffer, 'buffer');
    checkWhole(nbytes, 0, buffer.length, 'nbytes');
    const view = nbytes === 0 ? buffer : buffer.subarray(0, nbytes);
    const { length } = view;
    return this.#start(sock, 'sockRecvfromInto', 'reader', () => {
      checkUncut(view, length, 'buffer');
      const received = sock._endpoint.tryRecvfromInto(view);
      return received && { value: [received.nbytes, received.address] };
    });
  }

  sendall(sock: Socket, data: Uint8Array): Operation<void> {
    checkBytes(data, 'data');
    this.#check(sock, 'sockSendall', 'writer');
    if (this.#mustYield()) return new SendAll(this.#loop, sock, data, 0).waitTurn();
    try {
      const endpoint = sock._endpoint;
      // Nobody waits here, so what one that was cancelled found need not be so any more.
      endpoint.tryAnew('writer');
      const sent = sendMost(endpoint, data, 0);
      if (sent === data.length) return this.#sent;
      return new SendAll(this.#loop, sock, data, sent).wait();
    } catch (error) {
      return this.#failed(error);
    }
  }

  sendto(sock: Socket, data: Uint8Array, address: AddressInput): Operation<number> {
    checkBytes(data, 'data');
    checkSocket(sock, 'sockSendto');
    const to = resolveLocally(sock.family, checkAddress(sock.family, address, 'sockSendto'));
    const { length } = data;
    sock._endpoint.tryAnew('writer');
    return this.#start(sock, 'sockSendto', 'writer', () => {
      checkUncut(data, length, 'data');
      const value = sock._endpoint.trySendto(data, to);
      return value < 0 ? undefined : { value };
    });
  }

  connect(sock: Socket, address: AddressInput): Operation<void> {
    this.#check(sock, 'sockConnect', 'writer');
    const to = checkAddress(sock.family, address, 'sockConnect');
    const connect = new Connect(this.#loop, sock);
    const named = typeof to !== 'string' && !isNumericHost(sock.family, to[0]);
    return named && (sock.family === AF_INET || sock.family === AF_INET6)
      ? connect.beginWithName([to[0], to[1]])
      : connect.begin(resolveLocally(sock.family, to));
  }

  accept(sock: Socket): Operation<[Socket, Address]> {
    this.#check(sock, 'sockAccept', 'reader');
    if (this.#mustYield()) return new Accept(this.#loop, sock).waitTurn();
    try {
      const accepted = acceptNow(sock._endpoint);
      return accepted === undefined ? new Accept(this.#loop, sock).wait() : this.#done(accepted);
    } catch (error) {
      if (!isShortage(error)) return this.#failed(error);
      const accept = new Accept(this.#loop, sock).wait();
      accept.rest(error);
      return accept;
    }
  }

  #start<T>(
    sock: Socket,
    method: string,
    side: 'reader' | 'writer',
    attempt: () => { readonly value: T } | undefined,
  ): Operation<T> {
    this.#check(sock, method, side);
    if (this.#mustYield()) return new Attempt(this.#loop, sock, method, side, attempt).waitTurn();
    try {
      const outcome = attempt();
      if (outcome === undefined) return new Attempt(this.#loop, sock, method, side, attempt).wait();
      return this.#done(outcome.value);
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** One of many that complete at once gives the others a turn first. */
  #mustYield(): boolean {
    this.#unwaited += 1;
    if (this.#unwaited < OPERATIONS_PER_TURN) return false;
    this.#unwaited = 0;
    return true;
  }

  #done<T>(value: T): Operation<T> {
    const operation = new NativeOperation<T>(this.#loop);
    operation._finish(value);
    return operation;
  }

  #failed<T>(error: unknown): Operation<T> {
    const operation = new NativeOperation<T>(this.#loop);
    operation._fail(error);
    return operation;
  }

  #check(sock: Socket, method: string, side: 'reader' | 'writer'): void {
    checkSocket(sock, method);
    if (this.#loop.isClosed()) throw new RuntimeError('Event loop is closed');
    if (this.#loop.getDebug() && sock.gettimeout() !== 0)
      throw new RangeError('the socket must be non-blocking');
    const { reader, writer } = sock._endpoint;
    const waiting = side === 'reader' ? reader : writer;
    if (waiting !== undefined)
      throw (
        transportRefusal(sock, waiting) ??
        new RuntimeError(
          `${method}(): another operation is already ${side === 'reader' ? 'receiving or accepting' : 'sending or connecting'} on ${sock}`,
        )
      );
  }
}

function acceptNow(endpoint: Endpoint): [Socket, Address] | undefined {
  const accepted = endpoint.tryAccept();
  if (accepted === undefined) return undefined;
  const connection = Socket._of(accepted.endpoint);
  connection.setblocking(false);
  return [connection, accepted.address];
}

/** Is it the system that is short of something, and no fault of the socket? */
function isShortage(error: unknown): boolean {
  return (
    isA(error, OSError) && ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'].includes(error.code ?? '')
  );
}

/** A failed connect in asyncio's words: with the address. */
function connectError(error: unknown, address: Address): unknown {
  if (!isA(error, OSError) || error.errno === undefined) return error;
  const words = `Connect call failed ${repr(address)}`;
  return new (error.constructor as typeof OSError)(`[Errno ${-error.errno}] ${words}`, {
    code: error.code,
    errno: error.errno,
    syscall: error.syscall,
    strerror: words,
    cause: error.cause,
  });
}

function checkSocket(sock: unknown, method: string): void {
  if (!(sock instanceof Socket))
    throw new TypeError(`${method}(): sock must be a Socket, got ${brief(sock)}`);
}

/** @throws {RangeError} when memory was taken away from an operation that waited with it */
function checkUncut(bytes: Uint8Array, length: number, what: 'buffer' | 'data'): void {
  if (bytes.length < length)
    throw new RangeError(
      `${what} shrank from ${length} to ${bytes.length} bytes while it was being ${what === 'data' ? 'sent' : 'filled'}`,
    );
}

function checkBytes(data: unknown, what: string): void {
  if (!isBytes(data)) throw new TypeError(`${what} must be a Uint8Array, got ${typeNameOf(data)}`);
}
