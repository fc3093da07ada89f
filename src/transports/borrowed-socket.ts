import { forAwait } from '../base/errors/errors.ts';
import { ConnectionError } from '../base/errors/os-errors.ts';
import { Future } from '../core/futures/future.ts';
import { describeAs } from '../core/futures/wait-description.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Socket } from '../sock/socket.ts';

/** The socket of a transport, lent to code that sends on it; meanwhile the transport writes nothing. */
export class BorrowedSocket {
  readonly sock: Socket;
  readonly #loop: LoopCore;
  /** What its borrower waits for. */
  #waiter: Future<void> | undefined;
  /** Why the connection is lost. */
  #lost: { readonly error: unknown } | undefined;

  constructor(loop: LoopCore, sock: Socket) {
    this.#loop = loop;
    this.sock = sock;
  }

  /** Waits for {@link wake}. @throws what the connection was lost by */
  async wait(): Promise<void> {
    this.check();
    const waiter = describeAs(new Future<void>(this.#loop._asOption), 'sendfile', this.sock);
    this.#waiter = waiter;
    try {
      await waiter;
    } finally {
      this.#waiter = undefined;
    }
  }

  /** Lets its borrower go on. */
  wake(): void {
    if (this.#waiter?.done() === false) this.#waiter.setResult();
  }

  /** The connection is lost. */
  lose(error: unknown): void {
    this.#lost ??= {
      error: error ?? forAwait(new ConnectionError('Connection is closed by peer')),
    };
    if (this.#waiter?.done() === false) this.#waiter._fail(this.#lost.error);
  }

  /** @throws what the connection was lost by */
  check(): void {
    if (this.#lost !== undefined) throw this.#lost.error;
  }
}
