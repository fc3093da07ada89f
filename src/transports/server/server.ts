import { checkOptions } from '../../base/check-options.ts';
import {
  CancelledError,
  endsTheLoop,
  isException,
  RuntimeError,
} from '../../base/errors/errors.ts';
import { checkSecondsFromZero } from '../../base/numbers.ts';
import { printsAsText } from '../../base/printing/inspect.ts';
import { isA } from '../../base/values/attempt.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import type { Task, TaskBody } from '../../core/coroutines/task.ts';
import { Future } from '../../core/futures/future.ts';
import { Turn } from '../../core/futures/next-turn.ts';
import { Operation } from '../../core/futures/operation.ts';
import { describeAs, type WaitDescription } from '../../core/futures/wait-description.ts';
import { type Ending, isExplained, watchEnding } from '../../core/reports/slow-endings.ts';
import type { Cancellable, LoopCore } from '../../core/turns/loop-core.ts';
import type { Address } from '../../sock/addresses/address.ts';
import type { Socket } from '../../sock/socket.ts';
import type { ConnectionCounter } from '../lifecycle.ts';
import { noLongerOpenOn, type OpenResource, openOn } from '../open-transports.ts';
import { type Encryption, newTransport } from '../tls/options.ts';
import type { BaseTransport, ProtocolCallbacks, Transport } from '../transport.ts';
import { TransportSocket } from '../transport-socket.ts';
import { Acceptor } from './acceptor.ts';

/** What serving needs from a loop. */
export interface ServingLoop extends LoopCore {
  createTask<T>(body: TaskBody<T>): Task<T>;
}

/** Requests the connections of a server one by one. */
export interface Demand {
  /**
   * Is one more connection wanted?
   *
   * @param coming - how many have been accepted and are not established yet
   */
  isOpen(coming: number): boolean;
  /** The server was closed. */
  closed(): void;
}

/** The parts of a server. */
export interface ServerParts {
  /** Bound sockets that do not listen yet. The server owns them. */
  readonly sockets: readonly Socket[];
  readonly protocolFactory: () => ProtocolCallbacks;
  /** How many connections may wait to be accepted, on each socket. */
  readonly backlog: number;
  /** The most connections. Others wait to be accepted. */
  readonly maxConnections: number;
  /** How its connections are encrypted. */
  readonly encryption: Encryption;
  /** If set, only wanted connections are accepted. */
  readonly demand?: Demand | undefined;
  /** Called once, when the server has closed its sockets. */
  readonly closed?: (() => void) | undefined;
}

/** The outcome of a server's shutdown. */
export interface ShutdownReport {
  /** The peers whose connections ended in time. */
  readonly finished: readonly (Address | undefined)[];
  /** The peers whose connections had to be aborted. */
  readonly aborted: readonly (Address | undefined)[];
}

/** A connection that was accepted and is not established yet. */
export interface PendingConnection {
  readonly sock: Socket;
  readonly address: Address;
  /** Was it closed by the server before it had a transport? */
  unwanted: boolean;
}

/**
 * Accepts connections, and creates a transport and a protocol for each.
 *
 * ```text
 *            startServing(), serveForever()              close()
 *   bound ───────────────────────────────────▶ serving ───────────▶ closed
 *     │                                                               ▲  │ the last connection ended
 *     └────────────────────────────── close() ────────────────────────┘  ▼
 *                                                                     waitClosed()
 * ```
 *
 * A closed server accepts no more connections. Existing ones stay open unless {@link closeClients}
 * or {@link abortClients} is called.
 *
 * @see asyncio's `Server`, https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.Server
 */
export class Server implements ConnectionCounter, OpenResource {
  static {
    printsAsText(this);
  }

  readonly #loop: ServingLoop;
  readonly #parts: ServerParts;
  /** Undefined once it is closed. */
  #acceptors: readonly Acceptor[] | undefined;
  #serving = false;
  /** Connections with a transport. */
  readonly #transports = new Set<Transport>();
  /** Accepted connections that have no transport yet. */
  readonly #withoutTransport = new Set<PendingConnection>();
  /** Accepted connections whose protocol has not been called yet. */
  readonly #coming = new Set<PendingConnection>();
  /** Done when the server is closed; {@link serveForever} waits for it. */
  #forever: Future<void> | undefined;
  /** Waiters for the last connection to end; undefined once it has. */
  #waiters: Operation<void>[] | undefined = [];
  /** The connections that {@link shutdown} waits for. */
  #draining: Set<Transport> | undefined;
  /** The peers whose connections were aborted when its time was up. */
  #aborted: ReadonlySet<Transport | PendingConnection> = new Set();

  /** @internal created by `createServer()` and the like */
  constructor(loop: ServingLoop, parts: ServerParts) {
    this.#loop = loop;
    this.#parts = parts;
    const accepted = (sock: Socket, address: Address): boolean => this.#accepted(sock, address);
    this.#acceptors = parts.sockets.map(
      (sock) => new Acceptor(loop, this, sock, parts.backlog, accepted),
    );
    openOn(loop, this);
  }

  /** The loop that it runs on. */
  getLoop(): LoopCore {
    return this.#loop;
  }

  /** The sockets that it listens on; empty once it is closed. */
  get sockets(): readonly TransportSocket[] {
    return new Sockets(...(this.#acceptors ?? []).map(({ sock }) => new TransportSocket(sock)));
  }

  /**
   * The port that it listens on; the first socket's, if they differ. `undefined` for AF_UNIX, and
   * once it is closed.
   *
   * Not in asyncio, which has only {@link sockets}.
   */
  get port(): number | undefined {
    const [first] = this.#acceptors ?? [];
    const address = first?.sock.getsockname();
    return typeof address === 'object' ? address[1] : undefined;
  }

  /** Does it accept connections? */
  isServing(): boolean {
    return this.#serving;
  }

  /**
   * Starts accepting connections, if it has not already.
   *
   * @throws {RuntimeError} when it is closed
   * @see asyncio's `Server.start_serving()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.Server.start_serving
   */
  startServing(): Coroutine<void> {
    return new Coroutine(() => this._startServing(), 'Server.startServing', undefined);
  }

  /** @internal starts accepting; done a turn later, as in asyncio */
  async _startServing(): Promise<void> {
    this.#start();
    await new Turn(this.#loop, undefined);
  }

  #start(): void {
    if (this.#serving) return;
    if (this.#acceptors === undefined) throw new RuntimeError(`server ${this} is closed`);
    for (const acceptor of this.#acceptors) acceptor.listen(this.#parts.backlog);
    this.#serving = true;
    this.#acceptMore();
  }

  /**
   * Accepts connections until it is cancelled, or the server is closed.
   *
   * When cancelled, it closes the server and its connections, and waits until they are gone; a
   * second cancel ends that wait. If other code closes the server, it also ends with a
   * CancelledError, once the connections have ended.
   *
   * Unlike asyncio up to 3.13, a cancel closes the connections, too. See
   * docs/differences.md#serveforever-also-closes-connections.
   *
   * @throws {CancelledError} always, at the end
   * @throws {RuntimeError} when the server is closed, or this is already being awaited
   * @see asyncio's `Server.serve_forever()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.Server.serve_forever
   */
  serveForever(): Coroutine<never> {
    return new Coroutine(() => this.#serveForever(), 'Server.serveForever', undefined);
  }

  async #serveForever(): Promise<never> {
    if (this.#forever !== undefined)
      throw new RuntimeError(`server ${this} is already being awaited on serveForever()`);
    this.#start();
    const forever = describeAs(new Future<void>(this.#loop._asOption), 'Server.serveForever', this);
    this.#forever = forever;
    try {
      await forever;
      // Other code has closed the server.
      await this.waitClosed();
    } catch (error) {
      if (!isA(error, CancelledError)) throw error;
      this.close();
      this.closeClients();
      try {
        await this.waitClosed();
      } catch (again) {
        // Cancelled again, it stops waiting.
        if (!isA(again, CancelledError)) throw again;
      }
      throw error;
    } finally {
      this.#forever = undefined;
    }
    throw new CancelledError();
  }

  /**
   * Closes the listening sockets. Open connections are left alone; connections that were not
   * accepted yet are lost. Closing it again has no effect.
   *
   * @see asyncio's `Server.close()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.Server.close
   */
  close(): void {
    const acceptors = this.#acceptors;
    if (acceptors === undefined) return;
    this.#acceptors = undefined;
    this.#serving = false;
    for (const acceptor of acceptors) acceptor.close();
    noLongerOpenOn(this.#loop, this);
    this.#parts.closed?.();
    this.#parts.demand?.closed();
    if (this.#forever?.done() === false) this.#forever._finish();
    this.#wakeIfGone();
    for (const waiter of this.#waiters ?? []) this.#explainIfSlow(waiter);
  }

  /**
   * Closes all connections: buffered data is sent, and nothing more is received. Connections that
   * were just accepted, and have no protocol yet, are dropped.
   *
   * @see asyncio's `Server.close_clients()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.Server.close_clients
   */
  closeClients(): void {
    for (const pending of this.#withoutTransport) pending.unwanted = true;
    for (const transport of [...this.#transports]) transport.close();
  }

  /**
   * Closes all connections at once, and drops buffered data.
   *
   * @see asyncio's `Server.abort_clients()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.Server.abort_clients
   */
  abortClients(): void {
    for (const pending of this.#withoutTransport) pending.unwanted = true;
    for (const transport of [...this.#transports]) transport.abort();
  }

  /**
   * Waits until the server is closed and its last connection is gone.
   *
   * It does not close anything, and cancelling it does not affect the server.
   *
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `Server.wait_closed()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.Server.wait_closed
   */
  waitClosed(): Operation<void> {
    const detail = (): WaitDescription => ({
      detail: `open connections: ${this._connectionCount}`,
    });
    const waiter = describeAs(
      new Operation<void>(this.#loop._asOption),
      'Server.waitClosed',
      this,
      detail,
    );
    if (this.#waiters === undefined) waiter._finish();
    else {
      this.#waiters.push(waiter);
      if (this.#acceptors === undefined) this.#explainIfSlow(waiter);
    }
    return waiter;
  }

  /**
   * Shuts the server down gracefully. It stops accepting, lets connections finish what they are
   * doing, and aborts the rest when the time is up.
   *
   * A `startServer()` connection is busy unless its handler waits for bytes with none received, and
   * nothing is left to send. Of other protocols, `shutdownRequested()` is called; those without it
   * are closed at once. When cancelled, it aborts the rest.
   *
   * Not in asyncio.
   *
   * @param options - `grace`: how long busy connections may take, in seconds
   * @returns which peers finished, and which were cut off
   * @throws {TypeError} when `grace` is not a number
   * @throws {RangeError} when `grace` is negative or not finite
   * @throws {CancelledError} when the waiting task is cancelled
   */
  shutdown(options: { readonly grace: number }): Coroutine<ShutdownReport> {
    checkOptions(options, 'grace');
    const { grace } = Object(options);
    checkSecondsFromZero(grace, 'grace');
    return new Coroutine(() => this.#shutdown(grace), 'Server.shutdown', undefined);
  }

  async #shutdown(grace: number): Promise<ShutdownReport> {
    this.close();
    const draining = new Set(this.#transports);
    this.#draining = draining;
    for (const transport of draining) this.#requestShutdown(transport);
    const timer: Cancellable = this.#loop.callLater(grace, () => {
      this.#aborted = new Set([...this.#transports, ...this.#withoutTransport]);
      this.abortClients();
    });
    try {
      await this.waitClosed();
    } catch (error) {
      this.abortClients();
      throw error;
    } finally {
      timer.cancel();
    }
    const aborted = this.#aborted;
    const finished = [...draining].filter((transport) => !aborted.has(transport));
    return { finished: finished.map(peerOf), aborted: [...aborted].map(peerOf) };
  }

  /** Makes a connection end as soon as it is not busy. */
  #requestShutdown(transport: Transport): void {
    const protocol = transport.getProtocol();
    try {
      if (protocol?.shutdownRequested === undefined) transport.close();
      else protocol.shutdownRequested();
    } catch (error) {
      if (endsTheLoop(error)) throw error;
      // It will not end by itself, and must not keep the others from ending.
      transport.close();
      const message = 'protocol.shutdownRequested() failed';
      this.#loop.callExceptionHandler({ message, exception: error, transport, protocol });
    }
  }

  /** `close()` and `waitClosed()`, at the end of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.waitClosed();
  }

  /** `<Server sockets=(<asyncio.TransportSocket fd=6, …>,)>` */
  toString(): string {
    return `<${this.constructor.name} sockets=${this.sockets}>`;
  }

  // ── connections ────────────────────────────────────────────────────────────────────────────

  /** Handles an accepted connection; returns whether there may be more. */
  #accepted(sock: Socket, address: Address): boolean {
    const pending: PendingConnection = { sock, address, unwanted: false };
    this.#withoutTransport.add(pending);
    this.#coming.add(pending);
    try {
      const connect = (): Promise<void> => this.#connect(pending);
      const task = this.#loop.createTask(
        new Coroutine(connect, 'BaseSelectorEventLoop._accept_connection2', undefined),
      );
      // If it is cancelled before it starts, it cannot do this itself.
      task.addDoneCallback(() => this.#settle(pending));
    } catch (error) {
      // The program's task factory threw.
      this.#settle(pending);
      throw error;
    }
    if (this.#mayAccept()) return true;
    this.#acceptNoMore();
    return false;
  }

  async #connect(pending: PendingConnection): Promise<void> {
    const { sock, address } = pending;
    const made = describeAs(new Future<void>(this.#loop._asOption), 'connectionMade', sock);
    let protocol: ProtocolCallbacks | undefined;
    let transport: Transport | undefined;
    try {
      if (pending.unwanted) return;
      protocol = this.#parts.protocolFactory();
      // The protocol factory may have closed the clients.
      if (pending.unwanted) return;
      const connection = { made, server: this, peername: address };
      const { encryption } = this.#parts;
      transport = newTransport(this.#loop, sock, protocol, encryption, connection);
      this.#withoutTransport.delete(pending);
      await made;
    } catch (error) {
      transport?.close();
      this.#settle(pending);
      if (endsTheLoop(error)) throw error;
      // A cancel comes from the end of the program. If there is a transport, it has reported the
      // error already.
      if (isException(error) && (transport === undefined || this.#loop.getDebug()))
        this.#report(error, { protocol, transport, peername: address });
    } finally {
      this.#settle(pending);
    }
  }

  /** The connection was established or failed. Only this frees its place. */
  #settle(pending: PendingConnection): void {
    if (!this.#coming.delete(pending)) return;
    if (this.#withoutTransport.delete(pending)) {
      // Without a transport, nothing else would close it.
      pending.sock.close();
      this.#wakeIfGone();
    }
    this.#acceptMore();
  }

  /** Unlike asyncio, reports in every mode. See docs/differences.md#failed-connections-are-reported. */
  #report(exception: unknown, details: object): void {
    const known = Object.entries(details).filter(([, value]) => value !== undefined);
    this.#loop.callExceptionHandler({
      message: 'Error on transport creation for incoming connection',
      exception,
      ...Object.fromEntries(known),
    });
  }

  /** @internal its transports, and the connections that have none yet */
  get _connections(): readonly (Transport | PendingConnection)[] {
    return [...this.#transports, ...this.#withoutTransport];
  }

  /** @internal the number of connections, with and without a transport */
  get _connectionCount(): number {
    return this.#transports.size + this.#withoutTransport.size;
  }

  #mayAccept(): boolean {
    const { demand, maxConnections } = this.#parts;
    if (!this.#serving || this._connectionCount >= maxConnections) return false;
    return demand === undefined || demand.isOpen(this.#coming.size);
  }

  /** Starts accepting, unless it already does or no more connections are wanted. */
  #acceptMore(): void {
    if (!this.#mayAccept()) return;
    for (const acceptor of this.#acceptors ?? []) acceptor.start();
  }

  #acceptNoMore(): void {
    for (const acceptor of this.#acceptors ?? []) acceptor.stop();
  }

  /** @internal the number of wanted connections has changed */
  _demandChanged(): void {
    if (this.#mayAccept()) this.#acceptMore();
    else this.#acceptNoMore();
  }

  /** @internal a connection was made */
  _attach(transport: BaseTransport): void {
    const connection = transport as Transport;
    this.#transports.add(connection);
    if (this.#draining === undefined) return;
    this.#draining.add(connection);
    const request = (): void => this.#requestShutdown(connection);
    // After its protocol has been called.
    this.#loop.callSoon(() => this.#loop.callSoon(request));
  }

  /** @internal a connection is gone */
  _detach(transport: BaseTransport): void {
    this.#transports.delete(transport as Transport);
    this.#acceptMore();
    this.#wakeIfGone();
  }

  /** Explains a slow {@link waitClosed}, once the server is closed. */
  #explainIfSlow(waiter: Operation<void>): void {
    if (isExplained(this.#loop)) waiter.addDoneCallback(watchEnding(this.#loop, endOfServer(this)));
  }

  #wakeIfGone(): void {
    if (this._connectionCount > 0 || this.#acceptors !== undefined) return;
    const waiters = this.#waiters ?? [];
    this.#waiters = undefined;
    for (const waiter of waiters) if (!waiter.done()) waiter._finish();
  }

  /** @internal */
  _loopClosed(): void {
    this.#serving = false;
    for (const { sock } of this.#acceptors ?? []) sock.close();
    for (const { sock } of this.#withoutTransport) sock.close();
    this.#acceptors = undefined;
    this.#parts.closed?.();
    this.#parts.demand?.closed();
  }
}

function endOfServer(server: Server): Ending {
  return {
    headline: (seconds) =>
      `Server.waitClosed() has waited for ${seconds} s: the server is closed, but these connections are not:`,
    subject: server,
    rank: 0,
  };
}

/** @internal the address of the peer */
export function peerOf(connection: Transport | PendingConnection): Address | undefined {
  return 'address' in connection ? connection.address : connection.getExtraInfo('peername');
}

/** Sockets that print as a Python tuple. */
class Sockets extends Array<TransportSocket> {
  static {
    printsAsText(this);
  }

  // map() and slice() of it return plain arrays.
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  override toString(): string {
    return `(${Array.from(this, String).join(', ')}${this.length === 1 ? ',' : ''})`;
  }
}
