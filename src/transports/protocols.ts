import { checkFunction } from '../base/check-types.ts';
import { RuntimeError } from '../base/errors/errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { brief, typeNameOf } from '../base/printing/repr.ts';
import { isA } from '../base/values/attempt.ts';
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
 * The callbacks of all protocols. By default they do nothing; override those you need.
 *
 * The loop calls all of them. `pauseWriting()` and `resumeWriting()` may also be called from inside
 * a method of the transport.
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
   * @param _error - why it broke; `undefined` when either side closed it
   */
  connectionLost(_error?: unknown): void {}

  /** Too much data waits to be sent (see `setWriteBufferLimits()`): stop writing for now. */
  pauseWriting(): void {}

  /** Enough data has been sent: continue writing. */
  resumeWriting(): void {}
}

/**
 * A protocol for byte streams.
 *
 * ```text
 *   connectionMade ──▶ dataReceived, as often as bytes come ──▶ eofReceived ──▶ connectionLost
 *         └──────────────────────────┴───────────────────────────────────────────────▲
 * ```
 *
 * @see asyncio's `Protocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Protocol
 */
export class Protocol extends BaseProtocol {
  /** The connection is established. Called once, first. */
  override connectionMade(_transport: Transport): void {}

  /**
   * Bytes were received, not necessarily in the pieces in which the peer wrote them.
   *
   * @param _data - an array that nothing else writes to, never empty
   */
  dataReceived(_data: Received): void {}

  /**
   * The peer has ended sending.
   *
   * @returns `true` to keep sending; otherwise the transport closes itself
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most protocols return nothing
  eofReceived(): boolean | undefined | void {}
}

/**
 * A protocol for byte streams that provides its own receive buffer.
 *
 * Instead of `dataReceived()`, for received bytes:
 *
 * ```text
 *   getBuffer ──▶ bufferUpdated
 * ```
 *
 * @see asyncio's `BufferedProtocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BufferedProtocol
 */
export class BufferedProtocol extends BaseProtocol {
  /** The connection is established. Called once, first. */
  override connectionMade(_transport: Transport): void {}

  /**
   * Returns the buffer for the next receive, which nothing else may write to until
   * `bufferUpdated()`. It may stay unused.
   *
   * @param _sizehint - the suggested length in bytes; -1 for any
   * @returns an array that is not empty
   */
  getBuffer(_sizehint: number): Uint8Array {
    return new Uint8Array();
  }

  /**
   * Bytes were received.
   *
   * @param _nbytes - how many, at the start of the buffer that `getBuffer()` returned
   */
  bufferUpdated(_nbytes: number): void {}

  /**
   * The peer has ended sending.
   *
   * @returns `true` to keep sending; otherwise the transport closes itself
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
  /** Datagrams can be sent and received. Called once, first. */
  override connectionMade(_transport: DatagramTransport): void {}

  /**
   * A datagram was received.
   *
   * @param _data - an array that nothing else writes to; a datagram may be empty
   * @param _address - the sender
   */
  datagramReceived(_data: Received, _address: Address): void {}

  /** An earlier send, or a receive, failed. The transport stays open. */
  errorReceived(_error: Error): void {}
}

/**
 * A protocol for a child process.
 *
 * ```text
 *   connectionMade ──▶ pipeDataReceived, pipeConnectionLost, processExited ──▶ connectionLost
 *                       in any order: a child may exit before its output is read
 * ```
 *
 * @see asyncio's `SubprocessProtocol`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessProtocol
 */
export class SubprocessProtocol extends BaseProtocol implements SubprocessCallbacks {
  /** The child is running and its pipes are open. Called once, first. */
  override connectionMade(_transport: SubprocessTransport): void {}

  /**
   * The child wrote data.
   *
   * @param _fd - the child's descriptor: 1 or 2
   * @param _data - an array that nothing else writes to, never empty
   */
  pipeDataReceived(_fd: number, _data: Received): void {}

  /**
   * A pipe to the child was closed.
   *
   * @param _fd - the child's descriptor: 0, 1 or 2
   * @param _error - why it broke; `undefined` when either side closed it
   */
  pipeConnectionLost(_fd: number, _error?: unknown): void {}

  /** The child has exited. Its output may not have been read completely. */
  processExited(): void {}
}

/** Does the protocol provide its own receive buffer? */
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
    throw typeError(`getBuffer() must return a Uint8Array, got ${typeNameOf(buffer)}`);
  if (buffer.length === 0) throw new RuntimeError('getBuffer() returned an empty buffer');
  return buffer;
}

/**
 * Checks a protocol factory.
 *
 * @throws {TypeError} when it is not a function, or is a class, which Python calls like a function
 */
export function checkFactory(factory: unknown): void {
  checkFunction(factory, 'protocolFactory');
  const { name, prototype } = factory as typeof BaseProtocol;
  if (isA(prototype, BaseProtocol))
    throw typeError(`protocolFactory must be a function, got a class: use () => new ${name}()`);
}

/** @throws {TypeError} when it is not a protocol */
export function checkProtocol(protocol: unknown): void {
  if (typeof (protocol as { connectionMade?: unknown } | undefined)?.connectionMade !== 'function')
    throw typeError(`a protocol was expected, got ${brief(protocol)}`);
}
