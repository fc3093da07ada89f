import { brief } from '../base/printing/repr.ts';
import type { Address } from '../sock/address.ts';
import type {
  BaseTransport,
  DatagramCallbacks,
  DatagramTransport,
  ProtocolCallbacks,
  SubprocessCallbacks,
  SubprocessTransport,
  Transport,
} from './transport.ts';

/**
 * What all protocols are told. The methods do nothing: a protocol has those that it needs.
 *
 * All are called by the loop, `pauseWriting()` and `resumeWriting()` also from within a call of the
 * transport.
 *
 * @see asyncio's `BaseProtocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol
 */
export class BaseProtocol implements ProtocolCallbacks {
  /** The connection stands; called once, and first. */
  connectionMade(_transport: BaseTransport): void {}

  /**
   * The connection is gone; called once, and last.
   *
   * @param _error - what broke it; `undefined` when it was closed, by whichever side
   */
  connectionLost(_error?: unknown): void {}

  /** More waits to be sent than the high-water mark allows: write no more for now. */
  pauseWriting(): void {}

  /** Little enough waits to be sent: write on. */
  resumeWriting(): void {}
}

/**
 * The protocol of a stream of bytes.
 *
 *   connectionMade ──▶ dataReceived, as often as bytes come ──▶ eofReceived ──▶ connectionLost
 *         └──────────────────────────┴───────────────────────────────────────────────▲
 *
 * @see asyncio's `Protocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol
 */
export class Protocol extends BaseProtocol {
  /** The connection stands; called once, and first. */
  override connectionMade(_transport: Transport): void {}

  /**
   * Bytes came. Where they are cut has nothing to do with how the peer wrote them.
   *
   * @param _data - an array that nothing else writes to, never empty
   */
  dataReceived(_data: Buffer): void {}

  /**
   * The peer has ended sending.
   *
   * @returns `true` to go on sending; else the transport closes itself
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most protocols return nothing
  eofReceived(): boolean | undefined | void {}
}

/**
 * The protocol of a stream of bytes that brings the memory which they are received into.
 *
 * In place of `dataReceived()`, each time that bytes came:
 *
 *   getBuffer ──▶ bufferUpdated
 *
 * @see asyncio's `BufferedProtocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BufferedProtocol
 */
export class BufferedProtocol extends BaseProtocol {
  /** The connection stands; called once, and first. */
  override connectionMade(_transport: Transport): void {}

  /**
   * Gives the memory that is received into next, and nothing else writes to until
   * `bufferUpdated()`; it may be asked for in vain.
   *
   * @param _sizehint - how many bytes would be welcome; -1 for any number
   * @returns an array that is not empty
   */
  getBuffer(_sizehint: number): Uint8Array {
    return new Uint8Array();
  }

  /**
   * Bytes came.
   *
   * @param _nbytes - how many, from the start of what `getBuffer()` gave
   */
  bufferUpdated(_nbytes: number): void {}

  /**
   * The peer has ended sending.
   *
   * @returns `true` to go on sending; else the transport closes itself
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most protocols return nothing
  eofReceived(): boolean | undefined | void {}
}

/**
 * The protocol of datagrams.
 *
 * @see asyncio's `DatagramProtocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.DatagramProtocol
 */
export class DatagramProtocol extends BaseProtocol implements DatagramCallbacks {
  /** Datagrams can be sent and received; called once, and first. */
  override connectionMade(_transport: DatagramTransport): void {}

  /**
   * A datagram came.
   *
   * @param _data - an array that nothing else writes to; a datagram may be empty
   * @param _address - who sent it
   */
  datagramReceived(_data: Buffer, _address: Address): void {}

  /** An earlier send, or a receive, failed; nothing ends by that. */
  errorReceived(_error: Error): void {}
}

/**
 * The protocol of a child process.
 *
 *   connectionMade ──▶ pipeDataReceived, pipeConnectionLost, processExited ──▶ connectionLost
 *                       in any order: a child may exit before its output is read
 *
 * @see asyncio's `SubprocessProtocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessProtocol
 */
export class SubprocessProtocol extends BaseProtocol implements SubprocessCallbacks {
  /** The child runs, and its pipes are open; called once, and first. */
  override connectionMade(_transport: SubprocessTransport): void {}

  /**
   * The child wrote something.
   *
   * @param _fd - its descriptor: 1 or 2
   * @param _data - an array that nothing else writes to, never empty
   */
  pipeDataReceived(_fd: number, _data: Buffer): void {}

  /**
   * A pipe to the child is closed.
   *
   * @param _fd - the child's descriptor: 0, 1 or 2
   * @param _error - what broke it; `undefined` when it was closed, by whichever side
   */
  pipeConnectionLost(_fd: number, _error?: unknown): void {}

  /** The child has exited. It may have written something that is not read yet. */
  processExited(): void {}
}

/** Does the protocol receive into memory of its own? */
export function isBuffered(
  protocol: ProtocolCallbacks,
): protocol is ProtocolCallbacks & BufferedProtocol {
  return typeof (protocol as Partial<BufferedProtocol> | undefined)?.getBuffer === 'function';
}

/** @throws {TypeError} when it is no protocol */
export function checkProtocol(protocol: unknown): void {
  if (typeof (protocol as { connectionMade?: unknown } | undefined)?.connectionMade !== 'function')
    throw new TypeError(`a protocol was expected, got ${brief(protocol)}`);
}
