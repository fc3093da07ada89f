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
import { type Leftover, noLongerOpenOn, openOn } from './open-transports.ts';
import { checkProtocol } from './protocols.ts';
import { checkUnused, Watch } from './readiness-watch.ts';
import type { BaseCallbacks, BaseTransport, ExtraInfo } from './transport.ts';
import { TransportSocket } from './transport-socket.ts';
import { notifyWriting, WaterMarks } from './write-buffer/water-marks.ts';

/** Who counts the connections of a server. */
export interface ConnectionCounter {
  /** @internal a connection was made */
  _attach(transport: BaseTransport): void;
  /** @internal it is gone */
  _detach(transport: BaseTransport): void;
}

/** What a transport brings along. */
export interface LifecycleParts<P extends BaseCallbacks> {
  /** What it prints as, asyncio's name for it; its callbacks are called after it in reports. */
  readonly name: string;
  /** What those callbacks are called that send, and that tell of the end. */
  readonly callbacks: { readonly flush: string; readonly lost: string };
  readonly sock: Socket;
  readonly protocol: P;
  /** Calls the protocol's `connectionMade()`. */
  readonly connect: () => void;
  /** Receives once: may there be more to do (`true`), or would it block (`false`)? */
  readonly receive: () => boolean;
  /** Sends of what waits as much as goes. */
  readonly flush: () => void;
  /** Forgets what waits to be sent. */
  readonly drop: () => void;
  /** Sends what only waits for the end of the turn; tells nobody. */
  readonly sendHeld?: () => void;
  /** Sends of what waits as much as goes, before the system's socket is closed. */
  readonly sendLast: () => void;
  /** Told when the connection is lost, a turn before the protocol. */
  readonly lost?: (error: unknown) => void;
  /** How many bytes wait to be sent. */
  readonly waiting: () => number;
  /** Made done when `connectionMade()` was called, unless it was cancelled. */
  readonly made?: Future<void> | undefined;
  readonly server?: ConnectionCounter | undefined;
}

/**
 * From `connectionMade()` to `connectionLost()`: the common part of all socket transports.
 *
 *         close(), the peer ended               all is sent: connectionLost()
 *   open ──────────────────────────▶ flushing ──────────────────────────────────▶ closed
 *    │                                  │                                           ▲
 *    └──────────────────────────────────┴──────────▶ lost ──────────────────────────┘
 *         abort(), an error: what waits is dropped         connectionLost(), a turn later
 *
 * To users, `flushing` and all later states are "closing". If it is closed with nothing to send, it is lost
 * at once.
 *
 * @see asyncio's `_SelectorTransport`, `Lib/asyncio/selector_events.py`
 */
export class Lifecycle<P extends BaseCallbacks> implements Leftover {
  readonly loop: LoopCore;
  readonly sock: Socket;
  readonly endpoint: Endpoint;
  readonly reader: Watch;
  readonly writer: Watch;
  readonly marks: WaterMarks = new WaterMarks();
  /** Gone once the connection is. */
  protocol: P | undefined;
  /** Does it close, or is it closed? */
  closing = false;
  /** 0 until the connection is lost; then 1, and 1 more for each write since. */
  lost = 0;
  readonly #transport: BaseTransport;
  readonly #parts: LifecycleParts<P>;
  /** The descriptor, also when it is closed. */
  readonly #fd: number;
  /** The async context of callbacks that the protocol did not cause itself. */
  readonly #asyncContext = asyncContextHere();
  #closed = false;

  /**
   * Calls `connectionMade()` in the next turn, and begins to receive.
   *
   * @throws {TypeError} when the protocol is none
   * @throws {RuntimeError} when another transport has the socket, an operation waits on it, or the
   *   loop is closed
   */
  constructor(transport: BaseTransport, loop: LoopCore, parts: LifecycleParts<P>) {
    const { sock, protocol, connect, receive, flush, made, server } = parts;
    checkProtocol(protocol);
    checkUnused(sock);
    this.#transport = transport;
    this.#parts = parts;
    this.loop = loop;
    this.sock = sock;
    this.endpoint = sock._endpoint;
    this.#fd = sock.fileno();
    this.protocol = protocol;
    loop.callSoon(calledAs(`${protocol.constructor?.name}.connectionMade`, connect));
    this.reader = this.#watch('reader', `${parts.name}._read_ready`, receive);
    this.writer = this.#watch('writer', parts.callbacks.flush, () => {
      flush();
      return false;
    });
    loop.callSoon(() => {
      // In this order: code that waits for the connection gets it before the first bytes.
      if (made?.done() === false) made._finish();
      noteMade(transport, protocol);
      this.readOn();
    });
    openOn(loop, this);
    server?._attach(transport);
  }

  /** Receives from the next turn on, unless it closes or was paused. */
  readOn(): void {
    if (!this.closing && !this.paused) this.reader.startTrying();
  }

  /** Is receiving paused? */
  paused = false;

  /** Begins to close: nothing more is received, what waits is sent. */
  close(): void {
    if (this.closing) return;
    this.closing = true;
    this.reader.stop();
    if (this.#parts.waiting() === 0) this.#lose(undefined);
  }

  /** Counts a write to a lost connection; logs if there are too many. */
  countLostWrite(): void {
    if (this.lost >= LOST_WRITES_BEFORE_LOG) log('socket.send() raised exception.', 'warn');
    this.lost += 1;
  }

  /** Ends the connection because of `error`. System errors are not reported: they are nobody's fault. */
  fail(error: unknown, message: string): void {
    try {
      if (!isA(error, OSError)) this.report(error, message);
    } finally {
      this.forceClose(error);
    }
  }

  /** Ends the connection at once. */
  forceClose(error: unknown): void {
    if (this.lost > 0) return;
    this.closing = true;
    this.#parts.drop();
    this.reader.stop();
    this.#lose(error);
  }

  /** All is sent: ends the connection in this very turn, if it closes. */
  endIfClosing(): boolean {
    if (!this.closing) return false;
    this.#callConnectionLost(undefined);
    return true;
  }

  /** Tells the exception handler, with the peer's address. */
  report(exception: unknown, message: string): void {
    const { protocol } = this;
    const peername = this.#transport.getExtraInfo('peername');
    this.loop.callExceptionHandler({
      message,
      exception,
      transport: this.#transport,
      protocol,
      peername,
    });
  }

  /** Tells the protocol to pause, if too much waits. */
  pauseIfFull(): void {
    if (this.marks.rise(this.#parts.waiting())) this.#tell('pauseWriting');
  }

  /** Tells the protocol to go on, if little enough waits; not one whose connection is lost. */
  resumeIfLow(): void {
    if (this.lost > 0) return;
    if (this.marks.fall(this.#parts.waiting())) this.#tell('resumeWriting');
  }

  #tell(method: 'pauseWriting' | 'resumeWriting'): void {
    notifyWriting(this.protocol, method, (error, message) => this.report(error, message));
  }

  /** Lets the protocol know in the next turn. */
  #lose(error: unknown): void {
    this.lost += 1;
    this.writer.stop();
    this.#parts.lost?.(error);
    const call = (reason: unknown): void => this.#callConnectionLost(reason);
    const scope = scopeIn(copyValues(), this.#asyncContext);
    this.loop._callSoonIn(scope, calledAs(this.#parts.callbacks.lost, call), error);
  }

  #callConnectionLost(error: unknown): void {
    // If everything was flushed, it was not lost before: from now on, writes are dropped.
    if (this.lost === 0) this.lost = 1;
    try {
      this.protocol?.connectionLost(error);
    } finally {
      noteLost(this.#transport, this.protocol, error);
      this.#release();
      this.protocol = undefined;
      this.#closed = true;
      noLongerOpenOn(this.loop, this);
      this.#parts.server?._detach(this.#transport);
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
    // As far as it goes: what the kernel does not take now is lost.
    if (this.lost === 0) this.#parts.sendLast();
    this.#release();
  }

  /** @internal */
  _loopStands(): void {
    if (this.lost === 0) this.#parts.sendHeld?.();
  }

  /** `<_SelectorSocketTransport fd=8 read=polling write=<idle, bufsize=0>>`, as CPython. */
  toString(): string {
    const parts = [this.#parts.name];
    if (this.#closed) parts.push('closed');
    else if (this.closing) parts.push('closing');
    parts.push(`fd=${this.#fd}`);
    if (!this.#closed && !this.loop.isClosed()) {
      const bufsize = this.#parts.waiting();
      const writes = this.writer.active && bufsize > 0;
      parts.push(`read=${this.reader.active ? 'polling' : 'idle'}`);
      parts.push(`write=<${writes ? 'polling' : 'idle'}, bufsize=${bufsize}>`);
    }
    return `<${parts.join(' ')}>`;
  }

  #watch(side: 'reader' | 'writer', name: string, work: () => boolean): Watch {
    return new Watch(this.#transport, this.loop, this.endpoint, side, name, work);
  }
}

/** What a transport on a socket knows beside its bytes; the peer's address where it is given. */
export function describe(sock: Socket, peer?: Address): Partial<ExtraInfo> {
  const sockname = nameOrNone(() => sock.getsockname());
  const peername = peer ?? nameOrNone(() => sock.getpeername());
  return {
    socket: new TransportSocket(sock),
    ...(sockname !== undefined && { sockname }),
    ...(peername !== undefined && { peername }),
  };
}

function nameOrNone(ask: () => Address): Address | undefined {
  try {
    return ask();
  } catch (error) {
    // Not connected: the first receive will say so.
    if (isA(error, OSError)) return undefined;
    throw error;
  }
}

/** Waits until the protocol of `transport` has been called; closes it where that fails, or is cancelled. */
export async function whenMade(transport: { close(): void }, made: Future<void>): Promise<void> {
  describeAs(made, 'connectionMade', transport);
  try {
    await made;
  } catch (error) {
    transport.close();
    throw error;
  }
}
