import { checkOptions } from '../base/check-options.ts';
import { printsAsText } from '../base/printing/inspect.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import { Operation } from '../core/futures/operation.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { TlsContext } from '../transports/tls/context.ts';
import type { StartTlsOptions } from '../transports/tls/start-tls.ts';
import type {
  BaseCallbacks,
  ExtraInfo,
  ProtocolCallbacks,
  Transport,
  WriteTransport,
} from '../transports/transport.ts';
import type { WriteFlow } from './drain.ts';
import type { StreamReader } from './stream-reader.ts';

/** What a writer needs from its connection's protocol. */
export interface WriterProtocol extends BaseCallbacks {
  /** @internal is it a server's connection? */
  readonly _hasHandler: boolean;
  /** @internal whether it may write */
  readonly _flow: WriteFlow;
  /** @internal done when the connection is gone; fails if it ended with an error */
  _whenClosed(): Operation<void>;
}

/** A loop that can start TLS. */
interface EncryptingLoop extends LoopCore {
  startTls(
    transport: Transport,
    protocol: ProtocolCallbacks,
    sslcontext: TlsContext,
    options: StartTlsOptions,
  ): Coroutine<Transport>;
}

/**
 * Writes bytes to a peer.
 *
 * `write()` does not wait: data that the peer does not take yet is buffered. To limit the buffer,
 * `await writer.drain()` after each write.
 *
 * @see asyncio's `StreamWriter`,
 *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter
 */
export class StreamWriter {
  static {
    printsAsText(this);
  }

  #transport: Transport;
  readonly #protocol: WriterProtocol;
  readonly #reader: StreamReader | undefined;
  /** @internal */
  readonly _loop: LoopCore;

  /**
   * @param reader - the reader of the same connection; `drain()` throws the error that broke it
   */
  constructor(
    transport: Transport | WriteTransport,
    protocol: WriterProtocol,
    reader: StreamReader | undefined,
    loop: LoopCore,
  ) {
    this.#transport = transport as Transport;
    this.#protocol = protocol;
    this.#reader = reader;
    this._loop = loop;
  }

  /** @internal is it a server's connection? */
  get _isServerSide(): boolean {
    return this.#protocol._hasHandler;
  }

  /**
   * The underlying transport. For a pipe, it is only a {@link WriteTransport}, which cannot read.
   */
  get transport(): Transport {
    return this.#transport;
  }

  /**
   * Sends `data`: as much as possible immediately, the rest when the peer takes more. A string is
   * sent as UTF-8; a lone surrogate becomes U+FFFD, as everywhere in JavaScript. Unlike asyncio,
   * which does not accept strings; see docs/differences.md#strings-are-sent-as-utf-8.
   *
   * The caller may reuse `data` once the call returns. Data written after the connection was closed
   * is dropped.
   *
   * @throws {TypeError} when `data` is neither a `Uint8Array` nor a string
   * @throws {RuntimeError} after {@link writeEof}
   * @see asyncio's `StreamWriter.write()`,
   *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.write
   */
  write(data: Uint8Array | string): void {
    this.#transport.write(data);
  }

  /**
   * Sends several pieces as one.
   *
   * @throws {TypeError} when one of them is neither a `Uint8Array` nor a string, or `pieces` is
   *   itself a string
   * @throws {RuntimeError} after {@link writeEof}
   */
  writelines(pieces: Iterable<Uint8Array | string>): void {
    this.#transport.writelines(pieces);
  }

  /**
   * Ends sending once buffered data is sent; reading continues.
   *
   * @throws {OSError} when the connection is broken
   * @throws {RuntimeError} with TLS
   */
  writeEof(): void {
    this.#transport.writeEof();
  }

  /** Can sending be ended separately? Not with TLS. */
  canWriteEof(): boolean {
    return this.#transport.canWriteEof();
  }

  /**
   * Waits until the peer has taken enough data to continue writing, which is usually immediate.
   * Several tasks may wait.
   *
   * @throws {ConnectionResetError} when the connection is gone
   * @throws the error that broke the connection
   * @throws {CancelledError} when the waiting task is cancelled; written data is still sent
   * @see asyncio's `StreamWriter.drain()`,
   *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.drain
   */
  drain(): Operation<void> {
    const broken = this.#reader?.exception();
    if (broken !== undefined) {
      const failed = new Operation<void>(this._loop._asOption);
      failed._fail(broken);
      return failed;
    }
    const { _flow: flow } = this.#protocol;
    return this.#transport.isClosing() ? flow.drainedNextTurn() : flow.drained();
  }

  /**
   * Encrypts the connection once buffered data is sent. In a server's handler this is the server's
   * side of TLS, otherwise the client's.
   *
   * Received bytes that were not read belong to the handshake. So anything a peer sends unencrypted
   * after its last line breaks the handshake, and is never read as if it had been encrypted.
   *
   * @param sslcontext - the result of `tls.createSecureContext()`, or its options
   * @param options - `serverHostname`: the name that the certificate must be for;
   *   `sslHandshakeTimeout`, `sslShutdownTimeout`: in seconds
   * @returns a coroutine, done when the handshake is
   * @throws like {@link Loop.startTls} and {@link drain}
   * @throws {CancelledError} when the waiting task is cancelled; the connection is closed
   * @see asyncio's `StreamWriter.start_tls()`,
   *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.start_tls
   */
  startTls(
    sslcontext: TlsContext,
    options: Omit<StartTlsOptions, 'serverSide'> = {},
  ): Coroutine<void> {
    checkOptions(options, 'serverHostname sslHandshakeTimeout sslShutdownTimeout');
    const start = async (): Promise<void> => {
      // If it is not a stream's protocol, its transport is refused.
      const protocol = this.#protocol as WriterProtocol & ProtocolCallbacks;
      const serverSide = protocol._hasHandler;
      await this.drain();
      const loop = this._loop as EncryptingLoop;
      const upgraded = { ...options, serverSide };
      this.#transport = await loop.startTls(this.#transport, protocol, sslcontext, upgraded);
    };
    return new Coroutine(start, 'StreamWriter.startTls', undefined);
  }

  /**
   * Closes the connection once buffered data is sent. Does not wait for that: `await
   * writer.waitClosed()` does.
   *
   * @see asyncio's `StreamWriter.close()`,
   *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.close
   */
  close(): void {
    this.#transport.close();
  }

  /** Is the connection closing or closed? */
  isClosing(): boolean {
    return this.#transport.isClosing();
  }

  /**
   * Waits until the connection is gone. Does not close it.
   *
   * @throws the error that broke the connection
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `StreamWriter.wait_closed()`,
   *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamWriter.wait_closed
   */
  waitClosed(): Operation<void> {
    return this.#protocol._whenClosed();
  }

  /** `close()` and `waitClosed()`, at the end of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.waitClosed();
  }

  /**
   * Extra information about the connection; `undefined` if unknown.
   *
   * @param name - `'socket'`, `'sockname'`, `'peername'`; with TLS also `'sslcontext'`,
   *   `'peercert'`, `'cipher'`, `'sslObject'`
   */
  getExtraInfo<Name extends keyof ExtraInfo>(name: Name): ExtraInfo[Name] | undefined;
  /**
   * Extra information about the connection; `fallback` if unknown.
   *
   * @param fallback - returned if unknown
   */
  getExtraInfo<Name extends keyof ExtraInfo, Fallback>(
    name: Name,
    fallback: Fallback,
  ): ExtraInfo[Name] | Fallback;
  /**
   * Extra information about the connection.
   *
   * @param fallback - returned if unknown
   */
  getExtraInfo(name: string, fallback?: unknown): unknown;
  getExtraInfo(name: string, fallback?: unknown): unknown {
    return this.#transport.getExtraInfo(name, fallback);
  }

  /** `<StreamWriter transport=<…> reader=<StreamReader …>>` */
  toString(): string {
    const parts = [this.constructor.name, `transport=${this.#transport}`];
    if (this.#reader !== undefined) parts.push(`reader=${this.#reader}`);
    return `<${parts.join(' ')}>`;
  }
}
