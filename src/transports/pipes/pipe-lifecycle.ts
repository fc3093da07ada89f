import { warnResource } from '../../base/log/warnings.ts';
import { calledAs } from '../../base/printing/inspect.ts';
import { asyncContextHere } from '../../core/context/async-context.ts';
import { copyValues, scopeIn } from '../../core/context/context.ts';
import type { Future } from '../../core/futures/future.ts';
import { noteLost, noteMade } from '../../core/reports/diagnostics.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { noLongerOpenOn, type OpenResource, openOn } from '../open-transports.ts';
import { checkProtocol } from '../protocols.ts';
import { Watch } from '../readiness-watch.ts';
import type { BaseTransport } from '../transport.ts';
import type { OpenPipe } from './open-pipe.ts';

/** What differs between the transports of the two ends. */
export interface PipeParts<P> {
  /** The transport's name in asyncio, used in its printed form and in reports. */
  readonly name: string;
  readonly pipe: OpenPipe;
  readonly protocol: P;
  /** Starts reading from the pipe, or watching it. */
  readonly begin: () => void;
  /** Finished after `connectionMade()`, unless it was cancelled. */
  readonly made?: Future<void> | undefined;
  /** Called before the pipe is closed with its loop. */
  readonly last?: () => void;
  /** The end of the printed form, such as `idle bufsize=0`. */
  readonly shown: () => string;
}

/** The callbacks common to the protocols of both ends. */
interface PipeProtocol {
  connectionMade(transport: never): void;
  connectionLost(error?: unknown): void;
}

/**
 * From `connectionMade()` to `connectionLost()`: what the transports of both ends of a pipe share.
 *
 *         close(), the other end closed, an error          a turn later: connectionLost()
 *   open ─────────────────────────────────────────▶ closing ──────────────────────────────▶ closed
 *
 * A writing end stays closing until waiting data has been written.
 *
 * @see asyncio's `_UnixReadPipeTransport` and `_UnixWritePipeTransport`,
 *   `Lib/asyncio/unix_events.py`
 */
export class PipeLifecycle<P extends PipeProtocol> implements OpenResource {
  readonly loop: LoopCore;
  readonly pipe: OpenPipe;
  /** Removed when the pipe is closed. */
  protocol: P | undefined;
  /** Is it closing or closed? */
  closing = false;
  readonly transport: BaseTransport;
  readonly #parts: PipeParts<P>;
  readonly #watches: Watch[] = [];
  /** The async context for callbacks that the protocol did not cause itself. */
  readonly #asyncContext = asyncContextHere();

  /**
   * Calls `connectionMade()` in the next turn, then `begin()`.
   *
   * @throws {TypeError} when `protocol` is not a protocol
   * @throws {RuntimeError} when the loop is closed
   */
  constructor(transport: BaseTransport, loop: LoopCore, parts: PipeParts<P>) {
    const { pipe, protocol, begin, made } = parts;
    checkProtocol(protocol);
    this.transport = transport;
    this.#parts = parts;
    this.loop = loop;
    this.pipe = pipe;
    this.protocol = protocol;
    const connect = (): void => protocol.connectionMade(transport as never);
    loop.callSoon(calledAs(`${protocol.constructor?.name}.connectionMade`, connect));
    loop.callSoon(() => {
      if (made?.done() === false) made._finish();
      noteMade(transport, protocol);
      begin();
    });
    openOn(loop, this);
  }

  /** Calls `attempt` while a side of the pipe is ready. */
  watch(side: 'reader' | 'writer', name: string, attempt: () => boolean): Watch {
    const watch = new Watch(this.transport, this.loop, this.pipe.end, { side, name, attempt });
    this.#watches.push(watch);
    return watch;
  }

  /** Calls back in the next turn, in the async context in which the transport was created. */
  soon<A extends unknown[]>(name: string, call: (...args: A) => void, ...args: A): void {
    const scope = scopeIn(copyValues(), this.#asyncContext);
    this.loop._callSoonIn(scope, calledAs(name, call), ...args);
  }

  /** Ends it, and tells the protocol in the next turn. */
  lose(error: unknown): void {
    this.closing = true;
    for (const watch of this.#watches) watch.stop();
    const name = `${this.#parts.name}._call_connection_lost`;
    this.soon(name, (reason: unknown) => this.callConnectionLost(reason), error);
  }

  /** Tells the protocol that the pipe is closed, and closes it. */
  callConnectionLost(error: unknown): void {
    const { protocol } = this;
    if (protocol === undefined) return;
    try {
      protocol.connectionLost(error);
    } finally {
      noteLost(this.transport, protocol, error);
      this.protocol = undefined;
      this.#release();
      noLongerOpenOn(this.loop, this);
    }
  }

  /** Calls the exception handler. */
  report(exception: unknown, message: string): void {
    const { protocol } = this;
    this.loop.callExceptionHandler({ message, exception, transport: this.transport, protocol });
  }

  #release(): void {
    for (const watch of this.#watches) watch.release();
    this.pipe.close();
  }

  /** @internal */
  _loopClosed(): void {
    if (!this.closing) warnResource(`unclosed transport ${this}`);
    this.#parts.last?.();
    this.#release();
  }

  /** `<_UnixReadPipeTransport fd=8 polling>`, like CPython. */
  toString(): string {
    const isClosed = this.protocol === undefined;
    const parts = [this.#parts.name];
    if (isClosed) parts.push('closed');
    else if (this.closing) parts.push('closing');
    parts.push(`fd=${this.pipe.fd}`);
    parts.push(isClosed ? 'closed' : this.loop.isClosed() ? 'open' : this.#parts.shown());
    return `<${parts.join(' ')}>`;
  }
}
