import { madeForAwait } from '../../base/errors/errors.ts';
import { OSError } from '../../base/errors/os-errors.ts';
import { repr } from '../../base/printing/repr.ts';
import { isA } from '../../base/values/attempt.ts';
import { ensureFuture } from '../../core/coroutines/ensure-future.ts';
import type { Future } from '../../core/futures/future.ts';
import { awaitedNatively } from '../../core/futures/native-promise.ts';
import type { WaitDescription } from '../../core/futures/wait-description.ts';
import type { Address } from '../../sock/addresses/address.ts';
import type { ResolvedAddress, ResolvingLoop } from '../../transports/addresses/host-lookup.ts';
import { SockOperation } from './sock-operation.ts';

/** Connects, after looking up the host if it is a name. */
export class Connect extends SockOperation<void> {
  static {
    awaitedNatively(this);
  }

  override get _operation(): string {
    return 'sockConnect';
  }

  override _describe(): WaitDescription {
    const detail =
      this.#lookUp === undefined ? `to ${repr(this.#address)}` : 'its address is being looked up';
    return { ...super._describe(), detail };
  }

  protected get side(): 'writer' {
    return 'writer';
  }

  /** The look-up, while it is running. */
  #lookUp: Future<readonly ResolvedAddress[]> | undefined;
  #address: Address | undefined;

  /** Connects to an address that needs no look-up. */
  begin(address: Address): this {
    this.#address = address;
    try {
      if (this.endpoint.connect(address)) this._finish(undefined);
      else this.wait();
    } catch (error) {
      // A connect that was cancelled is still in progress: wait for its outcome. A full AF_UNIX
      // backlog is EAGAIN: then nothing is in progress, and nothing would call back.
      if (isA(error, OSError) && error.code === 'EALREADY') this.wait();
      else if (isA(error, OSError) && error.code === 'ECONNREFUSED')
        this._fail(connectError(error, address));
      else this._fail(error);
    }
    return this;
  }

  beginWithName([host, port]: readonly [host: string, port: number | string]): this {
    const { family, type, proto } = this.sock;
    const asked = { family, type, proto, flags: 0 };
    // The loop's own method, because a program may have replaced it.
    const found = (this._loop as ResolvingLoop).getaddrinfo(host, port, asked);
    const lookUp = ensureFuture(found, this._loop._asOption);
    this.#lookUp = lookUp;
    // Takes the slot during the look-up, so that nothing else connects, and a close is noticed.
    this.wait();
    lookUp.addDoneCallback(() => {
      this.#lookUp = undefined;
      const error = lookUp.cancelled() ? undefined : lookUp.exception();
      if (this.done()) return;
      this.leave();
      if (lookUp.cancelled()) this.cancel();
      else if (error !== undefined) this._fail(error);
      else this.#beginWith(lookUp.result()[0]);
    });
    return this;
  }

  #beginWith(info: ResolvedAddress | undefined): void {
    if (info === undefined) this._fail(new OSError('getaddrinfo() returned empty list'));
    else this.begin(info[4]);
  }

  protected attempt(): { readonly value: undefined } | undefined {
    if (this.#lookUp !== undefined) return undefined;
    const address = this.#address as Address;
    const failure = madeForAwait(() => {
      const error = this.endpoint.connectError(() => wordsFor(address));
      return error && connectError(error, address);
    });
    if (failure !== undefined) throw failure;
    return { value: undefined };
  }

  override cancel(message?: string): boolean {
    const cancelled = super.cancel(message);
    this.#lookUp?.cancel();
    return cancelled;
  }
}

function wordsFor(address: Address): string {
  return `Connect call failed ${address}`;
}

/**
 * The error of a failed connect, with asyncio's message, which names the address. That is also used
 * if a driver that does not ask the system refuses immediately.
 */
function connectError(error: unknown, address: Address): unknown {
  if (!isA(error, OSError) || error.errno === undefined || typeof address === 'string')
    return error;
  const words = wordsFor(address);
  if (error.strerror === words) return error;
  return new (error.constructor as typeof OSError)(`[Errno ${-error.errno}] ${words}`, {
    code: error.code,
    errno: error.errno,
    syscall: error.syscall,
    strerror: words,
    cause: error.cause,
  });
}
