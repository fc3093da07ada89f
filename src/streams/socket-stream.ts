import type { AddressInfo, Socket } from 'node:net';
import { checkFunction } from '../base/check-types.ts';
import { ConnectionResetError } from '../base/errors/os-errors.ts';
import { rangeError } from '../base/errors/refusals.ts';
import { lazily, stream } from '../base/node-modules.ts';
import { nextTick } from '../base/node-timers.ts';
import { checkNumber } from '../base/numbers.ts';
import { attempt } from '../base/values/attempt.ts';
import type { Cancellable, LoopCore } from '../core/turns/loop-core.ts';
import type { Address } from '../sock/addresses/address.ts';
import {
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SO_LINGER,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from '../sock/constants/constants.ts';
import { lingerBytes } from '../sock/endpoint/base-endpoint.ts';
import type { Streams } from './open-connection.ts';
import type { StreamReader } from './stream-reader.ts';
import type { StreamWriter } from './stream-writer.ts';

/** The most bytes to read at a time. */
const PIECE = 65_536;

/** Members read from Node's own TLS socket; undefined if the connection is not encrypted. */
const OF_TLS = `encrypted authorized authorizationError alpnProtocol servername getPeerCertificate
getPeerX509Certificate getCertificate getX509Certificate getCipher getProtocol getSession getTLSTicket
isSessionReused getEphemeralKeyInfo getFinished getPeerFinished getSharedSigalgs exportKeyingMaterial`;

const socketStream = lazily(() => {
  class SocketStream extends stream().Duplex {
    readonly #reader: StreamReader;
    readonly #writer: StreamWriter;
    readonly #loop: LoopCore;
    /** Milliseconds, as in Node; undefined or 0: no limit. */
    timeout: number | undefined;
    bytesRead = 0;
    #sent = 0;
    /** When bytes were last received or sent, on the loop's clock. */
    #active = 0;
    /** The transport's traffic at that time. */
    #traffic = 0;
    #timer: Cancellable | undefined;
    #resets = false;

    constructor([reader, writer]: Streams) {
      // Node's sockets tell listeners of 'close' whether there was an error.
      super({ allowHalfOpen: writer._isServerSide && writer.canWriteEof(), emitClose: false });
      this.#reader = reader;
      this.#writer = writer;
      this.#loop = writer._loop;
      // What was written before the peer's end is still sent, also with TLS.
      writer.transport._keepHalfOpen();
      this.read(0);
    }

    override _read(): void {
      this.#reader.read(PIECE).then(
        (data) => {
          this.bytesRead += data.length;
          this.#note();
          this.push(data.length > 0 ? data : null);
          // Like Node's sockets, it ends even if nothing reads from it.
          this.read(0);
        },
        (error) => void this.destroy(error),
      );
    }

    override _write(data: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
      try {
        if (this.#writer.isClosing()) throw new ConnectionResetError('Connection lost');
        this.#note();
        this.#writer.write(data);
        this.#writer.drain().then(() => {
          this.#sent += data.length;
          done();
        }, done);
      } catch (error) {
        done(error as Error);
      }
    }

    /** Sends chunks that were written while corked as one. */
    override _writev(pieces: { chunk: Buffer }[], done: (error?: Error) => void): void {
      this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), '', done);
    }

    override _final(done: (error?: Error) => void): void {
      try {
        this.#writer.transport._endSending();
        done();
      } catch (error) {
        done(error as Error);
      }
    }

    override _destroy(error: Error | null, done: (error: Error | null) => void): void {
      this.#timer?.cancel();
      if (error === null && !this.#resets) this.#writer.close();
      else this.#writer.transport.abort();
      const closed = (): void => {
        done(error);
        nextTick(() => this.emit('close', error !== null));
      };
      // The error of the connection is already known, or no longer matters.
      this.#writer.waitClosed().then(closed, closed);
    }

    // ── the methods of Node's sockets ────────────────────────────────────────────────────────────

    get bytesWritten(): number {
      return this.#sent + this.writableLength;
    }

    get connecting(): boolean {
      return false;
    }

    get pending(): boolean {
      return false;
    }

    get readyState(): string {
      if (this.readable) return this.writable ? 'open' : 'readOnly';
      return this.writable ? 'writeOnly' : 'closed';
    }

    get remoteAddress(): string | undefined {
      return infoOf(this.#writer.getExtraInfo('peername')).address;
    }

    get remotePort(): number | undefined {
      return infoOf(this.#writer.getExtraInfo('peername')).port;
    }

    get remoteFamily(): string | undefined {
      return infoOf(this.#writer.getExtraInfo('peername')).family;
    }

    get localAddress(): string | undefined {
      return this.address().address;
    }

    get localPort(): number | undefined {
      return this.address().port;
    }

    get localFamily(): string | undefined {
      return this.address().family;
    }

    address(): Partial<AddressInfo> {
      return infoOf(this.#writer.getExtraInfo('sockname'));
    }

    /** Only emits the events, because it is already connected. */
    connect(...args: unknown[]): this {
      const callback = args.at(-1);
      if (typeof callback === 'function') this.once('connect', callback as () => void);
      nextTick(() => {
        if (this.destroyed) return;
        this.emit('connect');
        this.emit('ready');
      });
      return this;
    }

    setNoDelay(noDelay = true): this {
      this.#set(IPPROTO_TCP, TCP_NODELAY, noDelay);
      return this;
    }

    setKeepAlive(enable = false, initialDelay = 0): this {
      const seconds = Math.floor(initialDelay / 1000);
      if (enable && seconds > 0) this.#set(IPPROTO_TCP, TCP_KEEPIDLE, seconds);
      this.#set(SOL_SOCKET, SO_KEEPALIVE, enable);
      return this;
    }

    /** Node ignores options that the connection does not have, and those of a closed one. */
    #set(level: number, option: number, value: boolean | number | Uint8Array): void {
      attempt(
        () => this.#writer.getExtraInfo('socket')?.setsockopt(level, option, value),
        undefined,
      );
    }

    setTimeout(timeout: number, callback?: () => void): this {
      checkNumber(timeout, 'timeout');
      if (timeout < 0 || timeout === Number.POSITIVE_INFINITY)
        throw rangeError(`timeout must be a number of milliseconds >= 0, got ${timeout}`);
      if (callback !== undefined) checkFunction(callback, 'callback');
      if (this.destroyed) return this;
      this.timeout = timeout;
      this.#timer?.cancel();
      this.#timer = undefined;
      if (timeout > 0) this.#note();
      if (callback !== undefined) this[timeout > 0 ? 'once' : 'off']('timeout', callback);
      return this;
    }

    /** Bytes were received or sent: restarts the timeout. */
    #note(): void {
      if (!this.timeout || this.#loop.isClosed()) return;
      this.#active = this.#loop.time();
      this.#traffic = this.#writer.transport._traffic;
      if (this.#timer === undefined) this.#setTimer(this.timeout);
    }

    #setTimer(timeout: number): void {
      this.#timer = this.#loop.callAt(this.#active + timeout / 1000, () => {
        this.#timer = undefined;
        if (this.#writer.transport._traffic !== this.#traffic) this.#note();
        else if (this.#loop.time() < this.#active + timeout / 1000) this.#setTimer(timeout);
        else this.emit('timeout');
      });
    }

    /** Has no effect: the loop keeps the process alive, not the connection. */
    ref(): this {
      return this;
    }

    unref(): this {
      return this;
    }

    destroySoon(): void {
      if (this.writable) this.end();
      if (this.writableFinished) this.destroy();
      else this.once('finish', this.destroy);
    }

    resetAndDestroy(): this {
      this.#set(SOL_SOCKET, SO_LINGER, lingerBytes(true, 0));
      this.#resets = true;
      return this.destroy();
    }

    static {
      for (const name of OF_TLS.split(/\s+/))
        Object.defineProperty(SocketStream.prototype, name, {
          get(this: SocketStream): unknown {
            const tls = this.#writer.getExtraInfo('sslObject');
            const value = tls?.[name as keyof typeof tls] as unknown;
            return typeof value === 'function' ? value.bind(tls) : value;
          },
          set(this: SocketStream, value: unknown): void {
            Object.defineProperty(this, name, { value, writable: true, configurable: true });
          },
          configurable: true,
        });
    }
  }
  return SocketStream;
});

/** A reader and a writer as a Node stream with the methods of a `net.Socket`. */
export function toSocket(streams: Streams): Socket {
  return new (socketStream())(streams) as unknown as Socket;
}

function infoOf(address: Address | undefined): Partial<AddressInfo> {
  if (typeof address !== 'object') return {};
  const [host, port] = address;
  return { address: host, family: host.includes(':') ? 'IPv6' : 'IPv4', port };
}
