import type { Received } from '../../base/values/bytes.ts';
import { awaitedNatively } from '../../core/futures/native-promise.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { Socket } from '../../sock/socket.ts';
import { checkUncut, SockOperation } from './sock-operation.ts';

/** Receives into a new buffer. */
export class Receive extends SockOperation<Received> {
  static {
    awaitedNatively(this);
  }

  override get _operation(): string {
    return 'sockRecv';
  }

  protected get side(): 'reader' {
    return 'reader';
  }

  readonly #nbytes: number;

  constructor(loop: LoopCore, sock: Socket, nbytes: number) {
    super(loop, sock);
    this.#nbytes = nbytes;
  }

  protected attempt(): { readonly value: Received } | undefined {
    const value = this.endpoint.tryRecv(this.#nbytes);
    return value && { value: value as Received };
  }
}

/** Receives into the caller's buffer. */
export class ReceiveInto extends SockOperation<number> {
  static {
    awaitedNatively(this);
  }

  override get _operation(): string {
    return 'sockRecvInto';
  }

  protected get side(): 'reader' {
    return 'reader';
  }

  readonly #buffer: Uint8Array;
  readonly #length: number;

  constructor(loop: LoopCore, sock: Socket, buffer: Uint8Array) {
    super(loop, sock);
    this.#buffer = buffer;
    this.#length = buffer.length;
  }

  protected attempt(): { readonly value: number } | undefined {
    checkUncut(this.#buffer, this.#length, 'buffer');
    const value = this.endpoint.tryRecvInto(this.#buffer);
    return value < 0 ? undefined : { value };
  }
}
