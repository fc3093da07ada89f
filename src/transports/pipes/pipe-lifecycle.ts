import { warnResource } from '../../base/log/warnings.ts';
import { calledAs } from '../../base/printing/inspect.ts';
import { asyncContextHere } from '../../core/context/async-context.ts';
import { copyValues, scopeIn } from '../../core/context/context.ts';
import type { Future } from '../../core/futures/future.ts';
import { noteLost, noteMade } from '../../core/reports/diagnostics.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { type Leftover, noLongerOpenOn, openOn } from '../open-transports.ts';
import { checkProtocol } from '../protocols.ts';
import { Watch } from '../readiness-watch.ts';
import type { BaseTransport } from '../transport.ts';
import type { OpenPipe } from './open-pipe.ts';

/** What the transport of a pipe brings along. */
export interface PipeParts<P> {
  /** What it prints as, asyncio's name for it. */
  readonly name: string;
  readonly pipe: OpenPipe;
  readonly protocol: P;
  /** Begins to read from the pipe, or to watch it. */
  readonly begin: () => void;
  /** Made done when `connectionMade()` was called, unless it was cancelled. */
  readonly made?: Future<void> | undefined;
  /** Does what is still to be done before the pipe is closed with its loop. */
  readonly last?: () => void;
  /** Is the side that the transport is there for watched? And what else does it print? */
  readonly shown: () => string;
}

/** What the protocols of pipes have in common. */
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
 * An end that is written to stays closing until what waits is written.
 *
 * @see asyncio's `_UnixReadPipeTransport` and `_UnixWritePipeTransport`, `Lib/asyncio/unix_events.py`
 */
export class PipeLife<P extends PipeProtocol> implements Leftover {
  readonly loop: LoopCore;
  readonly pipe: OpenPipe;
  /** Gone once the pipe is closed. */
  protocol: P | undefined;
  /** Does it close, or is it closed? */
  closing = false;
  readonly #transport: BaseTransport;
  readonly #parts: PipeParts<P>;
  readonly #watches: Watch[] = [];
  /** The async context of callbacks that the protocol did not cause itself. */
  readonly #asyncContext = asyncContextHere();

  /**
   * Calls `connectionMade()` in the next turn, and begins after it.
   *
   * @throws {TypeError} when the protocol is none
   * @throws {RuntimeError} when the loop is closed
   */
  constructor(transport: BaseTransport, loop: LoopCore, parts: PipeParts<P>) {
    const { pipe, protocol, begin, made } = parts;
    checkProtocol(protocol);
    this.#transport = transport;
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

  /** Has work done while a side of the pipe is ready. */
  watch(side: 'reader' | 'writer', name: string, work: () => boolean): Watch {
    const watch = new Watch(this.#transport, this.loop, this.pipe.end, side, name, work);
    this.#watches.push(watch);
    return watch;
  }

  /** Calls back in the next turn, in the async context in which the transport was made. */
  soon<A extends unknown[]>(name: string, call: (...args: A) => void, ...args: A): void {
    const scope = scopeIn(copyValues(), this.#asyncContext);
    this.loop._callSoonIn(scope, calledAs(name, call), ...args);
  }

  /** Ends it: tells the protocol in the next turn. */
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
      noteLost(this.#transport, protocol, error);
      this.protocol = undefined;
      this.#release();
      noLongerOpenOn(this.loop, this);
    }
  }

  /** Tells the exception handler of an error that is not the system's own affair. */
  report(exception: unknown, message: string): void {
    const { protocol } = this;
    this.loop.callExceptionHandler({ message, exception, transport: this.#transport, protocol });
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

  /** `<_UnixReadPipeTransport fd=8 polling>`, as CPython. */
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
