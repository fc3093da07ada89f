import { checkOptions } from '../base/check-options.ts';
import { typeError } from '../base/errors/refusals.ts';
import { checkPositiveSeconds } from '../base/numbers.ts';
import { calledAs } from '../base/printing/inspect.ts';
import { brief } from '../base/printing/repr.ts';
import type { Received } from '../base/values/bytes.ts';
import { Coroutine, coroutine, iscoroutinefunction } from '../core/coroutines/coroutine.ts';
import { wrapPromise } from '../core/coroutines/ensure-future.ts';
import type { Task, TaskBody } from '../core/coroutines/task.ts';
import type { Future } from '../core/futures/future.ts';
import { Operation } from '../core/futures/operation.ts';
import { describeAs } from '../core/futures/wait-description.ts';
import { noteHandler } from '../core/reports/slow-endings.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { requireEventLoop } from '../core/turns/running-loop.ts';
import type { ProtocolCallbacks, Transport } from '../transports/transport.ts';
import { WriteFlow } from './drain.ts';
import { IdleWatch } from './idle-watch.ts';
import type { StreamReader } from './stream-reader.ts';
import { StreamWriter } from './stream-writer.ts';

/**
 * Serves one connection. A coroutine function or an `async` function runs in its own task. Any
 * other function is called, and its result ignored.
 */
export type ClientConnected = (reader: StreamReader, writer: StreamWriter) => unknown;

/** A loop that creates tasks. */
export interface HandlingLoop extends LoopCore {
  createTask<T>(body: TaskBody<T>): Task<T>;
}

/** Time limits for clients and handlers; by default none. */
export interface ConnectionLimits {
  /**
   * After how many seconds a connection is aborted while its handler waits for the peer to send
   * something, or to take what was written. Not in asyncio.
   */
  readonly idleTimeout?: number | undefined;
  /** After how many seconds a handler is cancelled, which is reported. Not in asyncio. */
  readonly handlerTimeout?: number | undefined;
}

/**
 * @throws {TypeError} when a limit is not a number
 * @throws {RangeError} when a limit is not positive, or not finite
 */
export function checkLimits({ idleTimeout, handlerTimeout }: ConnectionLimits): void {
  checkPositiveSeconds(idleTimeout, 'idleTimeout');
  checkPositiveSeconds(handlerTimeout, 'handlerTimeout');
}

/** Options for the protocol of a reader and a writer. */
export interface StreamProtocolOptions extends ConnectionLimits {
  /** The loop to wait on; by default the running one, otherwise that of `setEventLoop()`. */
  readonly loop?: LoopCore | undefined;
}

/**
 * The protocol of a connection with a reader and a writer.
 *
 * With a handler it is a server's connection. It is closed when a handler in a task ends, and when
 * any handler throws, which is reported.
 *
 * @see asyncio's `StreamReaderProtocol`, `Lib/asyncio/streams.py`
 */
export class StreamReaderProtocol implements ProtocolCallbacks {
  readonly #flow: WriteFlow;
  readonly #loop: HandlingLoop;
  readonly #reader: StreamReader;
  readonly #handler: ClientConnected | undefined;
  readonly #limits: ConnectionLimits;
  #transport: Transport | undefined;
  /** Is it TLS? Then one direction cannot be ended alone. */
  #isEncrypted = false;
  /** How the connection ended, if it has. */
  #ended: { readonly error: unknown } | undefined;
  /** Operations that wait for that. */
  #waiting: Operation<void>[] | undefined;
  /** Set while the connection is established, if there is an idle timeout. */
  #idle: IdleWatch | undefined;

  /**
   * @param reader - gets the received bytes
   * @param handler - serves a server's connection; `undefined` for a client's
   * @param options - `loop`; `idleTimeout`, `handlerTimeout`: in seconds
   * @throws {TypeError} when a limit is not a number
   * @throws {RangeError} when a limit is not positive, or not finite
   * @throws {RuntimeError} when no loop is given and there is no current one
   */
  constructor(
    reader: StreamReader,
    handler?: ClientConnected,
    options: StreamProtocolOptions = {},
  ) {
    checkOptions(options, 'loop idleTimeout handlerTimeout');
    const { loop, ...limits } = options;
    checkLimits(limits);
    this.#loop = (loop ?? requireEventLoop()) as HandlingLoop;
    this.#reader = reader;
    this.#handler = handler;
    this.#limits = limits;
    this.#flow = new WriteFlow(this.#loop);
  }

  /** @internal whether its writer may write; a getter, so that reports do not print it */
  get _flow(): WriteFlow {
    return this.#flow;
  }

  connectionMade(transport: Transport): void {
    this.#transport = transport;
    this.#isEncrypted = isEncrypted(transport);
    const reader = this.#reader;
    reader.setTransport(transport);
    const { idleTimeout } = this.#limits;
    if (idleTimeout !== undefined)
      this.#idle = new IdleWatch(this.#loop, idleTimeout, transport, reader);
    const handler = this.#handler;
    if (handler === undefined) return;
    const writer = new StreamWriter(transport, this, reader, this.#loop);
    let given: unknown;
    try {
      given = handler(reader, writer);
    } catch (error) {
      // Nothing uses the connection. With TLS it is aborted after the report anyway.
      this.#loop.callSoon(() => transport.close());
      throw error;
    }
    if (given instanceof Coroutine) {
      const task = this.#loop.createTask(given);
      noteHandler(this.#loop, this, task);
      this.#handle(task);
    } else if (typeof (given as PromiseLike<unknown> | undefined)?.then === 'function')
      this.#handle(wrapPromise(given as PromiseLike<unknown>, { loop: this.#loop }));
  }

  /** Bytes were received: the reader owns them. */
  dataReceived(data: Uint8Array): void {
    this.#idle?.note();
    this.#reader.feedData(data);
  }

  /** The peer has ended sending. The connection stays open for writing, except with TLS. */
  eofReceived(): boolean {
    this.#reader.feedEof();
    return !this.#isEncrypted;
  }

  pauseWriting(): void {
    this.#flow.pause();
  }

  resumeWriting(): void {
    this.#flow.resume();
  }

  connectionLost(error?: unknown): void {
    this.#idle?.stop();
    this.#ended = { error };
    if (error === undefined) this.#reader.feedEof();
    else this.#reader.setException(error);
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const waiter of waiting) if (!waiter.done()) end(waiter, error);
    this.#flow.connectionLost(error);
  }

  /** Closes the connection as soon as its handler waits for bytes and there are none. */
  shutdownRequested(): void {
    const close = (): void => this.#transport?.close();
    if (this.#reader._isIdle) close();
    else this.#reader._onIdle = close;
  }

  /** @internal does the connection have a handler, as on a server? */
  get _hasHandler(): boolean {
    return this.#handler !== undefined;
  }

  /** @internal returns received bytes that have not been read */
  _takeUnread(): Received {
    return this.#reader._takeUnread();
  }

  /** @internal the connection continues on another transport, if it was established */
  _replaceTransport(transport: Transport): void {
    if (this.#transport === undefined) return;
    this.#transport = transport;
    this.#isEncrypted = isEncrypted(transport);
    this.#reader._replaceTransport(transport);
    this.#idle?.watch(transport);
  }

  /** @internal another transport takes over; `paused`: has it told the protocol to pause? */
  _adoptWriting(paused: boolean): void {
    if (paused) this.#flow.pause();
    else this.#flow.resume();
  }

  /** @internal done when the connection is gone; fails if it ended with an error */
  _whenClosed(): Operation<void> {
    const waiter = describeAs(new Operation<void>(this.#loop._asOption), 'StreamWriter.waitClosed');
    if (this.#ended !== undefined) end(waiter, this.#ended.error);
    else if (this.#waiting === undefined) this.#waiting = [waiter];
    else this.#waiting.push(waiter);
    return waiter;
  }

  /** Makes sure that the connection ends with its handler, and that an error is reported. */
  #handle(handling: Future<unknown>): void {
    const { handlerTimeout } = this.#limits;
    const timer =
      handlerTimeout === undefined
        ? undefined
        : this.#loop.callLater(handlerTimeout, () => {
            handling.cancel();
            this.#report(
              `client_connected_cb was cancelled after ${handlerTimeout} seconds`,
              undefined,
            );
          });
    handling.addDoneCallback(
      calledAs('StreamReaderProtocol.connection_made.<locals>.callback', () => {
        timer?.cancel();
        const exception = failureOf(handling);
        if (exception !== undefined)
          this.#report('Unhandled exception in client_connected_cb', exception);
        this.#transport?.close();
      }),
    );
  }

  #report(message: string, exception: unknown): void {
    const transport = this.#transport;
    const peername = transport?.getExtraInfo('peername');
    this.#loop.callExceptionHandler({
      message,
      ...(exception !== undefined && { exception }),
      transport,
      ...(peername !== undefined && { peername }),
    });
  }
}

/**
 * The handler; an `async` function becomes a coroutine function, so that it runs in a task.
 *
 * @throws {TypeError} when it is not a function
 */
export function asHandler(handler: unknown): ClientConnected {
  if (typeof handler !== 'function')
    throw typeError(`clientConnected must be a function, got ${brief(handler)}`);
  const isAsync = handler.constructor.name === 'AsyncFunction' && !iscoroutinefunction(handler);
  return isAsync ? coroutine(handler as () => Promise<unknown>) : (handler as ClientConnected);
}

function isEncrypted(transport: Transport): boolean {
  return transport.getExtraInfo('sslcontext') !== undefined;
}

/** The error of a handler; a cancel is not an error. */
function failureOf(handling: Future<unknown>): unknown {
  return handling.cancelled() ? undefined : handling.exception();
}

function end(waiter: Operation<void>, error: unknown): void {
  if (error === undefined) waiter._finish();
  else waiter._fail(error);
}
