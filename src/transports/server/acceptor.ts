import { ACCEPT_RETRY_DELAY } from '../../base/constants.ts';
import { ConnectionAbortedError, OSError } from '../../base/errors/os-errors.ts';
import { isA } from '../../base/values/attempt.ts';
import { copyContext, type Scope, scopeForLater } from '../../core/context/context.ts';
import type { Cancellable, LoopCore } from '../../core/turns/loop-core.ts';
import type { Address } from '../../sock/addresses/address.ts';
import type { Accepted } from '../../sock/endpoint/endpoint.ts';
import { Socket } from '../../sock/socket.ts';
import { Watch } from '../readiness-watch.ts';
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
 *        the socket was closed by somebody else
 *
 * Stopped, it leaves what comes in with the system; closed, it closes the socket. A failure is
 * reported when the new state is complete: the exception handler may close the server.
 */
export class Acceptor {
  readonly sock: Socket;
  readonly #loop: LoopCore;
  readonly #accepted: (sock: Socket, address: Address) => boolean;
  readonly #watch: Watch;
  /** Where connections are accepted, so their protocols and handlers begin: that of {@link listen}. */
  #scope: Scope | undefined;
  /** Runs while it rests. */
  #retry: Cancellable | undefined;

  /**
   * @param server - whose socket it is
   * @param accepted - called for each connection; returns `false` for no more for now
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
    const name = 'BaseSelectorEventLoop._accept_connection';
    const work = (): boolean => this.#accept(backlog);
    this.#watch = new Watch(server, loop, sock._endpoint, 'reader', name, work, 'server');
  }

  /** Has the system take connections, up to `backlog`. */
  listen(backlog: number): void {
    this.sock.listen(backlog);
    this.#scope = scopeForLater(copyContext());
  }

  /** Accepts, if it does not already and does not rest. */
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

  /** Accepts what has come in, up to a number and one; are there more? */
  #accept(backlog: number): boolean {
    for (let count = 0; count <= Math.max(0, backlog); count += 1) {
      let connection: Accepted | undefined;
      try {
        connection = this.sock._endpoint.tryAccept();
      } catch (error) {
        // Given up by the peer before it was accepted.
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

  /** Tries again in a second, unless the socket is closed: then nothing can come of it. */
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

/** Is the system short of something? */
function isShortage(error: unknown): boolean {
  return (
    isA(error, OSError) && ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'].includes(error.code ?? '')
  );
}
