import { forAwait } from '../base/errors/errors.ts';
import { ConnectionError } from '../base/errors/os-errors.ts';
import { Future } from '../core/futures/future.ts';
import { describeAs } from '../core/futures/wait-description.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Socket } from '../sock/socket.ts';

/**
 * A transport's socket, lent to code that sends on it. The transport itself writes nothing
 * meanwhile.
 */
export class BorrowedSocket {
  readonly sock: Socket;
  readonly #loop: LoopCore;
  /** What the borrower waits for. */
  #waiter: Future<void> | undefined;
  /** Why the connection was lost. */
  #lost: { readonly error: unknown } | undefined;

  constructor(loop: LoopCore, sock: Socket) {
    this.#loop = loop;
    this.sock = sock;
  }

  /**
   * Waits for {@link wake}.
   * @throws the reason why the connection was lost
   */
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

  /** Wakes the borrower. */
  wake(): void {
    if (this.#waiter?.done() === false) this.#waiter.setResult();
  }

  /** The connection was lost. */
  lose(error: unknown): void {
    this.#lost ??= {
      error: error ?? forAwait(new ConnectionError('Connection is closed by peer')),
    };
    if (this.#waiter?.done() === false) this.#waiter._fail(this.#lost.error);
  }

  /** @throws the reason why the connection was lost */
  check(): void {
    if (this.#lost !== undefined) throw this.#lost.error;
  }
}
