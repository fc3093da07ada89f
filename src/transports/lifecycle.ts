import { LOST_WRITES_BEFORE_LOG } from '../base/constants.ts';
import { OSError } from '../base/errors/os-errors.ts';
import { log } from '../base/log/log.ts';
import { warnResource } from '../base/log/warnings.ts';
import { calledAs } from '../base/printing/inspect.ts';
import { isA } from '../base/values/attempt.ts';
import { asyncContextHere } from '../core/context/async-context.ts';
import { copyValues, scopeIn } from '../core/context/context.ts';
import type { Future } from '../core/futures/future.ts';
import { describeAs } from '../core/futures/wait-description.ts';
import { noteLost, noteMade } from '../core/reports/diagnostics.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Address } from '../sock/addresses/address.ts';
import type { Endpoint } from '../sock/endpoint/endpoint.ts';
import type { Socket } from '../sock/socket.ts';
import { noLongerOpenOn, type OpenResource, openOn } from './open-transports.ts';
import { checkProtocol } from './protocols.ts';
import { checkUnused, Watch, type Work } from './readiness-watch.ts';
import type { BaseCallbacks, BaseTransport, ExtraInfo } from './transport.ts';
import { TransportSocket } from './transport-socket.ts';
import { notifyWriting, WaterMarks } from './write-buffer/water-marks.ts';

/** Counts the connections of a server. */
export interface ConnectionCounter {
  /** @internal a connection was made */
  _attach(transport: BaseTransport): void;
  /** @internal it is gone */
  _detach(transport: BaseTransport): void;
}

/** The operations of one kind of transport; one object for all of them. */
export interface TransportKind<T extends BaseTransport, P extends BaseCallbacks> {
  /** The transport's name in asyncio, used in its printed form. */
  readonly name: string;
  /** The name of the callback that calls `connectionLost()`. */
  readonly lostName: string;
  /** Calls the protocol's `connectionMade()`. */
  connect(transport: T, protocol: P): void;
  /** Receives once. */
  readonly receiving: Work<T>;
  /** Sends as much waiting data as possible. */
  readonly sending: Work<T>;
  /** Drops waiting data. */
  drop(transport: T): void;
  /** Sends data that only waits for the end of the turn, without calling the protocol. */
  sendHeld?(transport: T): void;
  /** Sends as much waiting data as possible before the system's socket is closed. */
  sendLast(transport: T): void;
  /** Called when the connection is lost, a turn before the protocol. */
  lost?(transport: T, error: unknown): void;
  /** How many bytes wait to be sent. */
  waiting(transport: T): number;
}

/** The parts of a transport. */
export interface LifecycleParts<P extends BaseCallbacks> {
  readonly sock: Socket;
  readonly protocol: P;
  /** Finished after `connectionMade()`, unless it was cancelled. */
  readonly made?: Future<void> | undefined;
  readonly server?: ConnectionCounter | undefined;
}

/**
 * From `connectionMade()` to `connectionLost()`: what all socket transports share.
 *
 *         close(), the peer ended               all is sent: connectionLost()
 *   open ──────────────────────────▶ flushing ──────────────────────────────────▶ closed
 *    │                                  │                                           ▲
 *    └──────────────────────────────────┴──────────▶ lost ──────────────────────────┘
 *         abort(), an error: what waits is dropped         connectionLost(), a turn later
 *
 * To users, `flushing` and all later states are "closing". If nothing waits to be sent, close()
 * goes directly to `lost`.
 *
 * @see asyncio's `_SelectorTransport`, `Lib/asyncio/selector_events.py`
 */
export class Lifecycle<T extends BaseTransport, P extends BaseCallbacks> implements OpenResource {
  readonly loop: LoopCore;
  readonly sock: Socket;
  readonly endpoint: Endpoint;
  readonly reader: Watch;
  readonly writer: Watch;
  readonly marks: WaterMarks = new WaterMarks();
  /** Removed when the connection is gone. */
  protocol: P | undefined;
  /** Is it closing or closed? */
  closing = false;
  /** 0 until the connection is lost; then 1, plus 1 for each write since. */
  lost = 0;
  readonly transport: T;
  readonly #kind: TransportKind<T, P>;
  readonly #server: ConnectionCounter | undefined;
  /** The descriptor; kept after it is closed. */
  readonly #fd: number;
  /** The async context for callbacks that the protocol did not cause itself. */
  readonly #asyncContext = asyncContextHere();
  #closed = false;

  /**
   * Calls `connectionMade()` in the next turn, and starts receiving.
   *
   * @throws {TypeError} when `protocol` is not a protocol
   * @throws {RuntimeError} when another transport owns the socket, an operation waits on it, or the
   *   loop is closed
   */
  constructor(
    transport: T,
    loop: LoopCore,
    kind: TransportKind<T, P>,
    { sock, protocol, made, server }: LifecycleParts<P>,
  ) {
    checkProtocol(protocol);
    checkUnused(sock);
    this.transport = transport;
    this.#kind = kind;
    this.#server = server;
    this.loop = loop;
    this.sock = sock;
    this.endpoint = sock._endpoint;
    this.#fd = sock.fileno();
    this.protocol = protocol;
    const connect = (): void => kind.connect(transport, protocol);
    loop.callSoon(calledAs(`${protocol.constructor?.name}.connectionMade`, connect));
    this.reader = new Watch(transport, loop, this.endpoint, kind.receiving);
    this.writer = new Watch(transport, loop, this.endpoint, kind.sending);
    loop.callSoon(() => {
      // In this order, so that code that awaits the connection gets it before the first bytes.
      if (made?.done() === false) made._finish();
      noteMade(transport, protocol);
      this.readOn();
    });
    openOn(loop, this);
    server?._attach(transport);
  }

  /** Receives from the next turn on, unless it is closing or paused. */
  readOn(): void {
    if (!this.closing && !this.paused) this.reader.startTrying();
  }

  /** Is receiving paused? */
  paused = false;

  /** Starts closing: stops receiving, and sends waiting data. */
  close(): void {
    if (this.closing) return;
    this.closing = true;
    this.reader.stop();
    if (this.#kind.waiting(this.transport) === 0) this.#lose(undefined);
  }

  /** Counts a write to a lost connection; logs if there are too many. */
  countLostWrite(): void {
    if (this.lost >= LOST_WRITES_BEFORE_LOG) log('socket.send() raised exception.', 'warn');
    this.lost += 1;
  }

  /**
   * Ends the connection because of `error`. System errors are not reported, because they are not
   * bugs.
   */
  fail(error: unknown, message: string): void {
    try {
      if (!isA(error, OSError)) this.report(error, message);
    } finally {
      this.forceClose(error);
    }
  }

  /** Ends the connection immediately. */
  forceClose(error: unknown): void {
    if (this.lost > 0) return;
    this.closing = true;
    this.#kind.drop(this.transport);
    this.reader.stop();
    this.#lose(error);
  }

  /** Everything has been sent: ends the connection in this same turn, if it is closing. */
  endIfClosing(): boolean {
    if (!this.closing) return false;
    this.#callConnectionLost(undefined);
    return true;
  }

  /** Calls the exception handler, with the peer's address. */
  report(exception: unknown, message: string): void {
    const { protocol } = this;
    const peername = this.transport.getExtraInfo('peername');
    this.loop.callExceptionHandler({
      message,
      exception,
      transport: this.transport,
      protocol,
      peername,
    });
  }

  /** Tells the protocol to pause if too much data waits. */
  pauseIfFull(): void {
    if (this.marks.rise(this.#kind.waiting(this.transport))) this.#tell('pauseWriting');
  }

  /** Tells the protocol to resume if little enough data waits, unless the connection is lost. */
  resumeIfLow(): void {
    if (this.lost > 0) return;
    if (this.marks.fall(this.#kind.waiting(this.transport))) this.#tell('resumeWriting');
  }

  #tell(method: 'pauseWriting' | 'resumeWriting'): void {
    notifyWriting(this.protocol, method, (error, message) => this.report(error, message));
  }

  /** Calls `connectionLost()` in the next turn. */
  #lose(error: unknown): void {
    this.lost += 1;
    this.writer.stop();
    this.#kind.lost?.(this.transport, error);
    const call = (reason: unknown): void => this.#callConnectionLost(reason);
    const scope = scopeIn(copyValues(), this.#asyncContext);
    this.loop._callSoonIn(scope, calledAs(this.#kind.lostName, call), error);
  }

  #callConnectionLost(error: unknown): void {
    // After a flush it was not marked as lost before. From now on, writes are dropped.
    if (this.lost === 0) this.lost = 1;
    try {
      this.protocol?.connectionLost(error);
    } finally {
      noteLost(this.transport, this.protocol, error);
      this.#release();
      this.protocol = undefined;
      this.#closed = true;
      noLongerOpenOn(this.loop, this);
      this.#server?._detach(this.transport);
    }
  }

  #release(): void {
    this.reader.release();
    this.writer.release();
    this.sock.close();
  }

  /** @internal */
  _loopClosed(): void {
    warnResource(`unclosed transport ${this}`);
    // What the kernel does not take now is lost.
    if (this.lost === 0) this.#kind.sendLast(this.transport);
    this.#release();
  }

  /** @internal */
  _sendHeld(): void {
    if (this.lost === 0) this.#kind.sendHeld?.(this.transport);
  }

  /** `<_SelectorSocketTransport fd=8 read=polling write=<idle, bufsize=0>>`, like CPython. */
  toString(): string {
    const parts = [this.#kind.name];
    if (this.#closed) parts.push('closed');
    else if (this.closing) parts.push('closing');
    parts.push(`fd=${this.#fd}`);
    if (!this.#closed && !this.loop.isClosed()) {
      const bufsize = this.#kind.waiting(this.transport);
      const writes = this.writer.active && bufsize > 0;
      parts.push(`read=${this.reader.active ? 'polling' : 'idle'}`);
      parts.push(`write=<${writes ? 'polling' : 'idle'}, bufsize=${bufsize}>`);
    }
    return `<${parts.join(' ')}>`;
  }
}

/** The extra info of a transport on a socket; `peer` is its peer's address, if known. */
export function describe(sock: Socket, peer?: Address): Partial<ExtraInfo> {
  const sockname = nameOrNone(() => sock.getsockname());
  const peername = peer ?? nameOrNone(() => sock.getpeername());
  const socket = new TransportSocket(sock);
  // The usual case: an object that members are added to takes more memory.
  if (sockname !== undefined && peername !== undefined) return { socket, sockname, peername };
  return {
    socket,
    ...(sockname !== undefined && { sockname }),
    ...(peername !== undefined && { peername }),
  };
}

function nameOrNone(ask: () => Address): Address | undefined {
  try {
    return ask();
  } catch (error) {
    // Not connected: the first receive will fail.
    if (isA(error, OSError)) return undefined;
    throw error;
  }
}

/**
 * Waits until the protocol of `transport` has been called. Closes it on failure or when cancelled.
 */
export async function whenMade(transport: { close(): void }, made: Future<void>): Promise<void> {
  describeAs(made, 'connectionMade', transport);
  try {
    await made;
  } catch (error) {
    transport.close();
    throw error;
  }
}
