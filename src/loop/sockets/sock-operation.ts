import { forAwait } from '../../base/errors/errors.ts';
import { osError } from '../../base/errors/os-errors.ts';
import { rangeError } from '../../base/errors/refusals.ts';
import { checkCancelMessage } from '../../core/futures/cancel-message.ts';
import { NativeOperation, OWN_FLAGS } from '../../core/futures/native-operation.ts';
import { awaitedNatively } from '../../core/futures/native-promise.ts';
import type { WaitDescription } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { Runnable } from '../../core/turns/ready-entry.ts';
import type { Endpoint, Ready } from '../../sock/endpoint/endpoint.ts';
import type { Socket } from '../../sock/socket.ts';

/** A flag: it has been called, and its turn is still to come. */
const QUEUED = OWN_FLAGS;
/** A flag: it is its turn, so the awaiting code resumes in this same turn. */
const IN_TURN = OWN_FLAGS * 2;

/**
 * The only way to wait for a socket: try, and if it would block, try again when it is ready.
 *
 *   trying ──────────────▶ done
 *     │ ▲                    ▲
 *     │ │ its turn           │ cancel(), the socket is closed
 *     ▼ │                    │
 *   waiting ─────────────────┘
 *
 * While it waits, the operation is in its endpoint's slot. When the socket is ready, the operation
 * is queued, tries in its turn, and passes the result to the awaiting task in the same turn. So no
 * cancel can come after bytes were taken and before the task has them: a cancelled operation has
 * taken nothing.
 *
 * The caller makes the first try before it creates an operation, because most sends and many
 * receives succeed at once.
 */
export abstract class SockOperation<T> extends NativeOperation<T> implements Ready, Runnable {
  protected readonly sock: Socket;
  protected readonly endpoint: Endpoint;

  constructor(loop: LoopCore, sock: Socket) {
    super(loop);
    this.sock = sock;
    this.endpoint = sock._endpoint;
  }

  /** Tries; returns `undefined` if it would block. */
  protected abstract attempt(): { readonly value: T } | undefined;

  /** The side of the endpoint on which it waits. */
  protected abstract get side(): 'reader' | 'writer';

  /** @internal the method that the program called */
  abstract get _operation(): string;

  /** @internal */
  override _describe(): WaitDescription {
    return { operation: this._operation, on: this.sock };
  }

  /** Takes the slot, and waits to be called. */
  wait(): this {
    if (this.side === 'reader') this.endpoint.reader = this;
    else this.endpoint.writer = this;
    return this;
  }

  /** Takes the slot, and tries in the next turn without being called. */
  waitTurn(): this {
    this.wait();
    this.ready();
    return this;
  }

  ready(together = false): void {
    // Keeps the slot until the turn, so that nothing else takes what was reported.
    this.wait();
    if ((this._flags & QUEUED) !== 0) return;
    this._flags |= QUEUED;
    if (together) this._loop._turns.soonTogether(this);
    else this._loop._turns.soon(this);
  }

  /** @internal its turn has come */
  _run(): void {
    this._flags &= ~QUEUED;
    if (this._state !== 'pending') return;
    this.leave();
    this._flags |= IN_TURN;
    try {
      // A socket that was detached may live on in another object.
      if (this.sock._isClosed) throw osError('EBADF');
      const outcome = this.attempt();
      if (outcome === undefined) this.wait();
      else this._finish(outcome.value);
    } catch (error) {
      this._fail(forAwait(error));
    }
    this._flags &= ~IN_TURN;
  }

  override cancel(message?: string): boolean {
    checkCancelMessage(message);
    this.leave();
    return super.cancel(message);
  }

  /** @internal */
  override _tell(): void {
    if ((this._flags & IN_TURN) !== 0) this._tellNow();
    else super._tell();
  }

  protected leave(): void {
    const { endpoint } = this;
    if (endpoint.reader === this) endpoint.reader = undefined;
    if (endpoint.writer === this) endpoint.writer = undefined;
  }
}

/** An operation whose try is a function. */
export class Attempt<T> extends SockOperation<T> {
  static {
    awaitedNatively(this);
  }

  readonly _operation: string;
  readonly #side: 'reader' | 'writer';
  protected readonly attempt: () => { readonly value: T } | undefined;

  constructor(
    loop: LoopCore,
    sock: Socket,
    operation: string,
    side: 'reader' | 'writer',
    attempt: () => { readonly value: T } | undefined,
  ) {
    super(loop, sock);
    this._operation = operation;
    this.#side = side;
    this.attempt = attempt;
  }

  protected get side(): 'reader' | 'writer' {
    return this.#side;
  }
}

/** @throws {RangeError} when the memory of a waiting operation was taken away */
export function checkUncut(bytes: Uint8Array, length: number, what: 'buffer' | 'data'): void {
  if (bytes.length < length)
    throw rangeError(
      `${what} shrank from ${length} to ${bytes.length} bytes while it was being ${what === 'data' ? 'sent' : 'filled'}`,
    );
}
