import { forAwait } from '../../base/errors/errors.ts';
import { osError } from '../../base/errors/os-errors.ts';
import { checkCancelMessage } from '../../core/futures/cancel-message.ts';
import { NativeOperation } from '../../core/futures/native-operation.ts';
import { awaitedNatively } from '../../core/futures/native-promise.ts';
import type { WaitDescription } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { Runnable } from '../../core/turns/ready-entry.ts';
import type { Endpoint, Ready } from '../../sock/endpoint/endpoint.ts';
import type { Socket } from '../../sock/socket.ts';

/**
 * The one way to wait for a socket: try now, else when ready try again.
 *
 *   trying ──────────────▶ done
 *     │ ▲                    ▲
 *     │ │ its turn           │ cancel(), the socket is closed
 *     ▼ │                    │
 *   waiting ─────────────────┘
 *
 * While it waits, the operation is in its endpoint's slot. When the socket is ready, it
 * takes a turn, and tries in that turn; what it gets then goes to the awaiting task in the same
 * turn. So there is no moment in which bytes have been taken and a cancel can still come between:
 * an operation that was cancelled has taken nothing.
 *
 * The first try is made by the caller before there is an object: most sends and many receives
 * succeed at once.
 */
export abstract class SockOperation<T> extends NativeOperation<T> implements Ready, Runnable {
  protected readonly sock: Socket;
  protected readonly endpoint: Endpoint;
  /** Has it been told, and not had its turn? */
  private _queued = false;
  /** Is it its turn? Then the awaiting code goes on in this same turn. */
  private _inTurn = false;

  constructor(loop: LoopCore, sock: Socket) {
    super(loop);
    this.sock = sock;
    this.endpoint = sock._endpoint;
  }

  /** Tries; `undefined`: would block. */
  protected abstract attempt(): { readonly value: T } | undefined;

  /** The side of the endpoint on which it waits. */
  protected abstract get side(): 'reader' | 'writer';

  /** @internal the method that a program has called */
  abstract get _operation(): string;

  /** @internal */
  override _describe(): WaitDescription {
    return { operation: this._operation, on: this.sock };
  }

  /** Takes the slot, and waits to be told. */
  wait(): this {
    if (this.side === 'reader') this.endpoint.reader = this;
    else this.endpoint.writer = this;
    return this;
  }

  /** Takes the slot, and tries in the next turn without being told. */
  waitTurn(): this {
    this.wait();
    this.ready();
    return this;
  }

  ready(together = false): void {
    // The slot stays ours until the turn: nobody else may take what we were told of.
    this.wait();
    if (this._queued) return;
    this._queued = true;
    if (together) this._loop._turns.soonTogether(this);
    else this._loop._turns.soon(this);
  }

  /** @internal its turn has come */
  _run(): void {
    this._queued = false;
    if (this._state !== 'pending') return;
    this.leave();
    this._inTurn = true;
    try {
      // One that was given up with detach() may live on, under another socket.
      if (this.sock._isClosed) throw osError('EBADF');
      const outcome = this.attempt();
      if (outcome === undefined) this.wait();
      else this._finish(outcome.value);
    } catch (error) {
      this._fail(forAwait(error));
    }
    this._inTurn = false;
  }

  override cancel(message?: string): boolean {
    checkCancelMessage(message);
    this.leave();
    return super.cancel(message);
  }

  /** @internal */
  override _tell(): void {
    if (this._inTurn) this._tellNow();
    else super._tell();
  }

  protected leave(): void {
    const { endpoint } = this;
    if (endpoint.reader === this) endpoint.reader = undefined;
    if (endpoint.writer === this) endpoint.writer = undefined;
  }
}

/** Any operation whose try needs nothing but what it was made with. */
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

/** @throws {RangeError} when memory was taken away from an operation that waited with it */
export function checkUncut(bytes: Uint8Array, length: number, what: 'buffer' | 'data'): void {
  if (bytes.length < length)
    throw new RangeError(
      `${what} shrank from ${length} to ${bytes.length} bytes while it was being ${what === 'data' ? 'sent' : 'filled'}`,
    );
}
