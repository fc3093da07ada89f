import { RuntimeError } from '../base/errors/errors.ts';
import { brief, typeNameOf } from '../base/printing/repr.ts';
import type { Received } from '../base/values/bytes.ts';
import { isBytes } from '../base/values/bytes.ts';
import type { Address } from '../sock/addresses/address.ts';
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
 * The callbacks of all protocols. By default they do nothing: override those that you need.
 *
 * The loop calls all of them; `pauseWriting()` and `resumeWriting()` are also called within a call of the
 * transport.
 *
 * @see asyncio's `BaseProtocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseProtocol
 */
export class BaseProtocol implements ProtocolCallbacks {
  /** The connection is established. Called once, first. */
  connectionMade(_transport: BaseTransport): void {}

  /**
   * The connection is gone. Called once, last.
   *
   * @param _error - what broke it; `undefined` when either side closed it
   */
  connectionLost(_error?: unknown): void {}

  /** More waits to be sent than the high-water mark allows: write no more for now. */
  pauseWriting(): void {}

  /** Little enough waits to be sent: write on. */
  resumeWriting(): void {}
}

/**
 * A protocol for byte streams.
 *
 *   connectionMade ──▶ dataReceived, as often as bytes come ──▶ eofReceived ──▶ connectionLost
 *         └──────────────────────────┴───────────────────────────────────────────────▲
 *
 * @see asyncio's `Protocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol
 */
export class Protocol extends BaseProtocol {
  /** The connection is established. Called once, first. */
  override connectionMade(_transport: Transport): void {}

  /**
   * Bytes came. They are not divided as the peer wrote them.
   *
   * @param _data - an array that nothing else writes to, never empty
   */
  dataReceived(_data: Received): void {}

  /**
   * The peer has ended sending.
   *
   * @returns `true` to go on sending; otherwise the transport closes itself
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most protocols return nothing
  eofReceived(): boolean | undefined | void {}
}

/**
 * A protocol for byte streams that provides its own receive buffer.
 *
 * Instead of `dataReceived()`, whenever bytes came:
 *
 *   getBuffer ──▶ bufferUpdated
 *
 * @see asyncio's `BufferedProtocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BufferedProtocol
 */
export class BufferedProtocol extends BaseProtocol {
  /** The connection is established. Called once, first. */
  override connectionMade(_transport: Transport): void {}

  /**
   * Returns the buffer for the next receive, which nothing else may write to until
   * `bufferUpdated()`. Nothing may be received into it.
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
   * @returns `true` to go on sending; otherwise the transport closes itself
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most protocols return nothing
  eofReceived(): boolean | undefined | void {}
}

/**
 * A protocol for datagrams.
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
  datagramReceived(_data: Received, _address: Address): void {}

  /** An earlier send, or a receive, failed; nothing ends by that. */
  errorReceived(_error: Error): void {}
}

/**
 * A protocol for a child process.
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
  pipeDataReceived(_fd: number, _data: Received): void {}

  /**
   * A pipe to the child is closed.
   *
   * @param _fd - the child's descriptor: 0, 1 or 2
   * @param _error - what broke it; `undefined` when either side closed it
   */
  pipeConnectionLost(_fd: number, _error?: unknown): void {}

  /** The child has exited. It may have written something that is not read yet. */
  processExited(): void {}
}

/** Does the protocol receive into its own memory? */
export function isBuffered(
  protocol: ProtocolCallbacks,
): protocol is ProtocolCallbacks & BufferedProtocol {
  return typeof (protocol as Partial<BufferedProtocol> | undefined)?.getBuffer === 'function';
}

/**
 * Asks a protocol for the buffer to receive into.
 *
 * @throws {TypeError} when it is not a Uint8Array
 * @throws {RuntimeError} when it is empty
 */
export function bufferFrom(protocol: BufferedProtocol): Uint8Array {
  const buffer: unknown = protocol.getBuffer(-1);
  if (!isBytes(buffer))
    throw new TypeError(`getBuffer() must return a Uint8Array, got ${typeNameOf(buffer)}`);
  if (buffer.length === 0) throw new RuntimeError('getBuffer() returned an empty buffer');
  return buffer;
}

/** @throws {TypeError} when it is not a protocol */
export function checkProtocol(protocol: unknown): void {
  if (typeof (protocol as { connectionMade?: unknown } | undefined)?.connectionMade !== 'function')
    throw new TypeError(`a protocol was expected, got ${brief(protocol)}`);
}
