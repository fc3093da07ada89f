import { checkBytes } from '../../base/check-types.ts';
import { MAX_READ_SIZE } from '../../base/constants.ts';
import { OSError } from '../../base/errors/os-errors.ts';
import { rangeError } from '../../base/errors/refusals.ts';
import { printsAsText } from '../../base/printing/inspect.ts';
import { brief } from '../../base/printing/repr.ts';
import { isA } from '../../base/values/attempt.ts';
import type { Received } from '../../base/values/bytes.ts';
import type { Future } from '../../core/futures/future.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import {
  type Address,
  type AddressInput,
  addressText,
  checkAddress,
} from '../../sock/addresses/address.ts';
import { resolveLocally } from '../../sock/addresses/resolve.ts';
import type { ReceivedFrom } from '../../sock/endpoint/endpoint.ts';
import type { Socket } from '../../sock/socket.ts';
import { describe, Lifecycle, type TransportKind } from '../lifecycle.ts';
import { type DatagramCallbacks, DatagramTransport } from '../transport.ts';

/** A datagram that waits to be sent. */
interface Unsent {
  readonly data: Uint8Array;
  readonly address: Address | undefined;
}

/**
 * Bytes that each datagram counts in addition to its data, so that empty ones count, too;
 * asyncio's.
 */
const HEADER_SIZE = 8;

/**
 * A transport on a datagram socket, which it owns. For its states, see {@link Lifecycle}.
 *
 * @see asyncio's `_SelectorDatagramTransport`, `Lib/asyncio/selector_events.py`
 */
export class SocketDatagramTransport extends DatagramTransport {
  static {
    printsAsText(this);
  }

  static readonly #kind: TransportKind<SocketDatagramTransport, DatagramCallbacks> = {
    name: '_SelectorDatagramTransport',
    lostName: '_SelectorTransport._call_connection_lost',
    connect: (transport, protocol) => protocol.connectionMade(transport),
    receiving: {
      side: 'reader',
      name: '_SelectorDatagramTransport._read_ready',
      attempt: (transport) => transport.#receive(),
    },
    sending: {
      side: 'writer',
      name: '_SelectorDatagramTransport._sendto_ready',
      attempt: (transport) => {
        transport.#flush();
        return false;
      },
    },
    drop: (transport) => transport.#drop(),
    sendLast: (transport) => transport.#sendLast(),
    waiting: (transport) => transport.#size,
  };

  readonly #life: Lifecycle<SocketDatagramTransport, DatagramCallbacks>;
  readonly #sock: Socket;
  /** The receiver of all datagrams; `undefined` if each send names its own. */
  readonly #address: Address | undefined;
  /** Is the socket connected? Then the system expects no address. */
  readonly #connected: boolean;
  #unsent: Unsent[] = [];
  /** Waiting bytes. */
  #size = 0;

  /**
   * Calls `connectionMade()` in the next turn, and starts receiving.
   *
   * @param address - the receiver of all datagrams
   * @param made - finished after that, unless it was cancelled
   */
  constructor(
    loop: LoopCore,
    sock: Socket,
    protocol: DatagramCallbacks,
    address?: Address,
    made?: Future<void>,
  ) {
    super(describe(sock));
    this.#sock = sock;
    this.#address = address;
    this.#connected = this.getExtraInfo('peername') !== undefined;
    const parts = { sock, protocol, made };
    this.#life = new Lifecycle(
      this as SocketDatagramTransport,
      loop,
      SocketDatagramTransport.#kind,
      parts,
    );
  }

  setProtocol(protocol: DatagramCallbacks): void {
    this.#life.protocol = protocol;
  }

  getProtocol(): DatagramCallbacks | undefined {
    return this.#life.protocol;
  }

  isClosing(): boolean {
    return this.#life.closing;
  }

  close(): void {
    this.#life.close();
  }

  abort(): void {
    this.#life.forceClose(undefined);
  }

  // ── receiving ──────────────────────────────────────────────────────────────────────────────

  /** Receives one; returns `false` if there is none. */
  #receive(): boolean {
    const { protocol } = this.#life;
    let received: ReceivedFrom | undefined;
    try {
      received = this.#life.endpoint.tryRecvfrom(MAX_READ_SIZE);
    } catch (error) {
      if (isA(error, OSError)) protocol?.errorReceived(error);
      else this.#life.fail(error, 'Fatal read error on datagram transport');
      return !this.#life.endpoint.closed;
    }
    if (received === undefined) return false;
    protocol?.datagramReceived(received.data as Received, received.address);
    return true;
  }

  // ── sending ────────────────────────────────────────────────────────────────────────────────

  sendto(data: Uint8Array, address?: AddressInput): void {
    checkBytes(data, 'data');
    const to = this.#destination(address);
    if (this.#life.lost > 0 && this.#address !== undefined) {
      this.#life.countLostWrite();
      return;
    }
    if (this.#unsent.length === 0) {
      if (this.#trySend(data, to) !== 'would block') return;
      this.#life.writer.start();
    }
    this.#unsent.push({ data: Buffer.from(data), address: to });
    this.#size += data.length + HEADER_SIZE;
    this.#life.pauseIfFull();
  }

  /** The receiver of a datagram; `undefined` for the socket's peer. */
  #destination(address: AddressInput | undefined): Address | undefined {
    const given =
      address === undefined ? undefined : checkAddress(this.#sock.family, address, 'sendto');
    if (this.#address === undefined) return given;
    if (given !== undefined && addressText(given) !== addressText(this.#address))
      throw rangeError(`Invalid address: must be undefined or ${brief(this.#address)}`);
    return this.#address;
  }

  #trySend(data: Uint8Array, address: Address | undefined): 'done' | 'would block' | 'failed' {
    try {
      return this.#sendNow(data, address) < 0 ? 'would block' : 'done';
    } catch (error) {
      if (isA(error, OSError)) this.#life.protocol?.errorReceived(error);
      else this.#life.fail(error, 'Fatal write error on datagram transport');
      return 'failed';
    }
  }

  /** Sends now; returns the number of bytes, negative if it would block. */
  #sendNow(data: Uint8Array, address: Address | undefined): number {
    const { endpoint } = this.#life;
    if (this.#connected || address === undefined) return endpoint.trySend(data, 0);
    return endpoint.trySendto(data, resolveLocally(this.#sock.family, address));
  }

  #flush(): void {
    let outcome: 'done' | 'would block' | 'failed' = 'done';
    // After a failure the rest is sent later: errorReceived() may have sent more.
    while (this.#unsent.length > 0 && outcome === 'done') {
      const [first] = this.#unsent as [Unsent];
      outcome = 'failed';
      try {
        outcome = this.#trySend(first.data, first.address);
      } finally {
        if (outcome !== 'would block') this.#forget(first);
        if (outcome === 'failed' && this.#unsent.length > 0) this.#life.writer.startTrying();
      }
    }
    this.#life.resumeIfLow();
    // resumeWriting() may have sent more, or closed the transport.
    if (this.#unsent.length > 0 || this.#life.lost > 0) return;
    this.#life.writer.stop();
    this.#life.endIfClosing();
  }

  /** Removes the first waiting datagram, unless all were dropped in the meantime. */
  #forget(first: Unsent): void {
    if (this.#unsent[0] !== first) return;
    this.#unsent.shift();
    this.#size -= first.data.length + HEADER_SIZE;
  }

  /** Sends as much buffered data as possible, when the outcome can no longer be reported. */
  #sendLast(): void {
    for (const { data, address } of this.#unsent) {
      try {
        if (this.#sendNow(data, address) < 0) return;
      } catch (error) {
        // The next datagram may go to another receiver.
        if (!isA(error, OSError)) throw error;
      }
    }
  }

  #drop(): void {
    this.#unsent = [];
    this.#size = 0;
  }

  setWriteBufferLimits(high?: number, low?: number): void {
    this.#life.marks.set(high, low);
    this.#life.pauseIfFull();
  }

  getWriteBufferLimits(): [low: number, high: number] {
    return this.#life.marks.limits;
  }

  getWriteBufferSize(): number {
    return this.#size;
  }

  /** `<_SelectorDatagramTransport fd=8 read=polling write=<idle, bufsize=0>>`, like CPython. */
  override toString(): string {
    return String(this.#life);
  }
}
