import { ACCEPT_RETRY_DELAY } from '../../base/constants.ts';
import { isShortage } from '../../base/errors/os-errors.ts';
import { checkCancelMessage } from '../../core/futures/cancel-message.ts';
import { awaitedNatively } from '../../core/futures/native-promise.ts';
import type { Cancellable } from '../../core/turns/loop-core.ts';
import type { Address } from '../../sock/addresses/address.ts';
import type { Endpoint } from '../../sock/endpoint/endpoint.ts';
import { Socket } from '../../sock/socket.ts';
import { SockOperation } from './sock-operation.ts';

/** Accepts a connection; keeps waiting during a shortage of descriptors. */
export class Accept extends SockOperation<[Socket, Address]> {
  static {
    awaitedNatively(this);
  }

  override get _operation(): string {
    return 'sockAccept';
  }

  protected get side(): 'reader' {
    return 'reader';
  }

  /** Set during a shortage. */
  #retry: Cancellable | undefined;

  attempt(): { readonly value: [Socket, Address] } | undefined {
    try {
      const value = acceptNow(this.endpoint);
      return value && { value };
    } catch (error) {
      if (!isShortage(error)) throw error;
      this.rest(error);
      return undefined;
    }
  }

  /** Reports a shortage, and tries again later. */
  rest(error: unknown): void {
    this.#retry = this._loop.callLater(ACCEPT_RETRY_DELAY, () => {
      this.#retry = undefined;
      this.ready();
    });
    // The exception handler may cancel the wait.
    this._loop.callExceptionHandler({
      message: 'socket.accept() out of system resource',
      exception: error,
      socket: this.sock,
    });
  }

  override ready(together = false): void {
    // During a shortage, new connections do not help; only a close ends the wait.
    if (this.#retry === undefined || this.sock.fileno() === -1) super.ready(together);
    else this.wait();
  }

  override cancel(message?: string): boolean {
    checkCancelMessage(message);
    this.#retry?.cancel();
    return super.cancel(message);
  }
}

export function acceptNow(endpoint: Endpoint): [Socket, Address] | undefined {
  const accepted = endpoint.tryAccept();
  if (accepted === undefined) return undefined;
  const connection = Socket._of(accepted.endpoint);
  connection.setblocking(false);
  return [connection, accepted.address];
}
