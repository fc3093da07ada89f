import { awaitedNatively } from '../../core/futures/native-promise.ts';
import type { WaitDescription } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { sendMost } from '../../sock/endpoint/send-most.ts';
import type { Socket } from '../../sock/socket.ts';
import { checkUncut, SockOperation } from './sock-operation.ts';

/** Sends all of an array, in as many parts as needed. */
export class SendAll extends SockOperation<void> {
  static {
    awaitedNatively(this);
  }

  override get _operation(): string {
    return 'sockSendall';
  }

  override _describe(): WaitDescription {
    return { ...super._describe(), detail: `${this.#sent} of ${this.#length} bytes sent` };
  }

  protected get side(): 'writer' {
    return 'writer';
  }

  readonly #data: Uint8Array;
  readonly #length: number;
  /** How many bytes have been sent. */
  #sent: number;

  constructor(loop: LoopCore, sock: Socket, data: Uint8Array, sent: number) {
    super(loop, sock);
    this.#data = data;
    this.#length = data.length;
    this.#sent = sent;
  }

  protected attempt(): { readonly value: undefined } | undefined {
    checkUncut(this.#data, this.#length, 'data');
    this.#sent = sendMost(this.endpoint, this.#data, this.#sent);
    return this.#sent === this.#data.length ? { value: undefined } : undefined;
  }
}
