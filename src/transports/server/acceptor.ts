import { ACCEPT_RETRY_DELAY } from '../../base/constants.ts';
import { ConnectionAbortedError, isShortage } from '../../base/errors/os-errors.ts';
import { isA } from '../../base/values/attempt.ts';
import { copyContext, type Scope, scopeForLater } from '../../core/context/context.ts';
import type { Cancellable, LoopCore } from '../../core/turns/loop-core.ts';
import type { Address } from '../../sock/addresses/address.ts';
import type { Accepted } from '../../sock/endpoint/endpoint.ts';
import { Socket } from '../../sock/socket.ts';
import { Watch, type Work } from '../readiness-watch.ts';
import { TransportSocket } from '../transport-socket.ts';

/**
 * Accepts the connections of one listening socket, in turns of the loop.
 *
 *             start()                 accept() failed
 *   stopped ───────────▶ accepting ────────────────────▶ resting
 *      ▲                  │   │  ▲                          │ │
 *      ├─ stop(), close() ┘   │  └────── a second later ────┘ │
 *      ├──────────────────────┼────── stop(), close() ────────┘
 *      └──────────────────────┘
 *        the socket was closed by other code
 *
 * When stopped, it leaves incoming connections to the system; when closed, it closes the socket. A
 * failure is reported after the state has changed, because the exception handler may close the
 * server.
 */
export class Acceptor {
  readonly sock: Socket;
  readonly #loop: LoopCore;
  readonly #accepted: (sock: Socket, address: Address) => boolean;
  readonly #watch: Watch;
  /**
   * The scope of {@link listen}: connections are accepted in it, so their protocols and handlers
   * start in it.
   */
  #scope: Scope | undefined;
  /** Set while it rests. */
  #retry: Cancellable | undefined;

  /**
   * @param server - the owner of the socket
   * @param accepted - called for each connection; returns `false` to pause
   */
  constructor(
    loop: LoopCore,
    server: object,
    sock: Socket,
    backlog: number,
    accepted: (sock: Socket, address: Address) => boolean,
  ) {
    this.sock = sock;
    this.#loop = loop;
    this.#accepted = accepted;
    const work: Work<object> = {
      side: 'reader',
      name: 'BaseSelectorEventLoop._accept_connection',
      attempt: () => this.#accept(backlog),
    };
    this.#watch = new Watch(server, loop, sock._endpoint, work, 'server');
  }

  /** Makes the system queue connections, up to `backlog`. */
  listen(backlog: number): void {
    this.sock.listen(backlog);
    this.#scope = scopeForLater(copyContext());
  }

  /** Starts accepting, unless it already does or rests. */
  start(): void {
    if (this.#retry === undefined && !this.#watch.active) this.#watch.startTrying(this.#scope);
  }

  stop(): void {
    this.#watch.stop();
    this.#retry?.cancel();
    this.#retry = undefined;
  }

  close(): void {
    this.stop();
    this.#watch.release();
    this.sock.close();
  }

  /** Accepts up to `backlog` + 1 connections. Returns whether there are more. */
  #accept(backlog: number): boolean {
    for (let count = 0; count <= Math.max(0, backlog); count += 1) {
      let connection: Accepted | undefined;
      try {
        connection = this.sock._endpoint.tryAccept();
      } catch (error) {
        // The peer aborted it before it was accepted.
        if (isA(error, ConnectionAbortedError)) continue;
        this.#failed(error);
        return false;
      }
      if (connection === undefined) return false;
      const sock = Socket._of(connection.endpoint);
      sock.setblocking(false);
      if (!this.#accepted(sock, connection.address)) return false;
    }
    return true;
  }

  /** Tries again in a second, unless the socket is closed. */
  #failed(exception: unknown): void {
    this.#watch.stop();
    if (!this.sock._endpoint.closed)
      this.#retry = this.#loop.callLater(ACCEPT_RETRY_DELAY, () => {
        this.#retry = undefined;
        this.start();
      });
    this.#loop.callExceptionHandler({
      message: isShortage(exception)
        ? 'socket.accept() out of system resource'
        : 'socket.accept() failed',
      exception,
      socket: new TransportSocket(this.sock),
    });
  }
}
