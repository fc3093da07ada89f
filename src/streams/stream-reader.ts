import { checkOptions } from '../base/check-options.ts';
import { STREAM_LIMIT } from '../base/constants.ts';
import { RuntimeError } from '../base/errors/errors.ts';
import { rangeError, typeError } from '../base/errors/refusals.ts';
import { checkNumber } from '../base/numbers.ts';
import { printsAsText } from '../base/printing/inspect.ts';
import { brief, repr, typeNameOf } from '../base/printing/repr.ts';
import { isA } from '../base/values/attempt.ts';
import { isUint8Array, type Received } from '../base/values/bytes.ts';
import { NativeOperation } from '../core/futures/native-operation.ts';
import type { Operation } from '../core/futures/operation.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { requireEventLoop } from '../core/turns/running-loop.ts';
import { ByteBuffer } from './byte-buffer.ts';
import { IncompleteReadError, LimitOverrunError } from './errors.ts';
import { PendingRead, type Source } from './pending-read.ts';
import { Search } from './separators.ts';

/** What a reader needs from its transport. */
export interface PausableTransport {
  /** Stops receiving. The system then holds the peer back. */
  pauseReading(): void;
  /** Resumes receiving. */
  resumeReading(): void;
}

/** Options for a reader. */
export interface StreamReaderOptions {
  /** The longest line, in bytes; up to twice as much is buffered. By default 65536. */
  readonly limit?: number | undefined;
  /** The loop to wait on; by default the running one, otherwise that of `setEventLoop()`. */
  readonly loop?: LoopCore | undefined;
}

const NOTHING: Received = Buffer.alloc(0);
const NEWLINE: Uint8Array = Uint8Array.of(10);

/**
 * Reads the bytes that a peer sends.
 *
 * `for await (const line of reader)` reads line by line, until the end.
 *
 * Unread bytes are buffered here. When there are more than twice the limit, the transport is
 * paused, which slows the peer down, until there are at most the limit, or a read needs more.
 *
 * A cancelled read takes nothing: its bytes are left for the next one. If the stream broke, every
 * read fails with that error, even if bytes are left.
 *
 * @see asyncio's `StreamReader`,
 *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader
 */
export class StreamReader implements Source, AsyncIterable<Received> {
  static {
    printsAsText(this);
  }

  readonly #loop: LoopCore;
  readonly #limit: number;
  readonly #bytes = new ByteBuffer();
  /** Has the peer ended? */
  #eof = false;
  /** The error that broke the stream. */
  #exception: unknown;
  /** The waiting read; it may already be done. */
  #read: PendingRead | undefined;
  /** What the last read searched for, and how far. */
  #search: Search | undefined;
  #transport: PausableTransport | undefined;
  /** Have we paused the transport? */
  #paused = false;
  /** @internal called when a read starts to wait and no byte is available */
  _onIdle: (() => void) | undefined;

  /** @internal called when a read starts to wait, and when one is cancelled */
  _waits: { begin(): void; end(): void } | undefined;

  /**
   * @throws {TypeError} when `limit` is not a number
   * @throws {RangeError} when `limit` is not positive
   * @throws {RuntimeError} when no loop is given and there is no current one
   */
  constructor(options: StreamReaderOptions = {}) {
    checkOptions(options, 'limit loop');
    const { limit = STREAM_LIMIT, loop } = options;
    checkLimit(limit);
    this.#limit = limit;
    this.#loop = loop ?? requireEventLoop();
  }

  // ── reading ────────────────────────────────────────────────────────────────────────────────

  /**
   * Reads up to `n` bytes; waits for the first one if there are none.
   *
   * @param n - the most bytes to read; by default all until the end of the stream. The reader's
   *   limit does not apply
   * @returns the bytes, in an array that nothing else writes to; an empty one at the end
   * @throws {TypeError} when `n` is not an integer
   * @throws {RuntimeError} when another read is waiting
   * @throws the error that broke the stream
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `StreamReader.read()`,
   *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.read
   */
  read(n = -1): Operation<Received> {
    checkCount(n);
    return this.#start('read', () => this.#takeSome(n));
  }

  #takeSome(n: number): Received | undefined {
    if (n === 0) return NOTHING;
    const { size } = this.#bytes;
    if (n < 0) return this.#eof ? this.#take(size) : undefined;
    if (size === 0) return this.#eof ? NOTHING : undefined;
    return this.#take(Math.min(n, size));
  }

  /**
   * Reads a line, including its newline. The last line may lack it.
   *
   * A line that is longer than the limit is dropped; if its end has not been received, all buffered
   * bytes are dropped.
   *
   * @returns the line, in an array that nothing else writes to; an empty one at the end
   * @throws {RangeError} when the line is longer than the limit
   * @throws {RuntimeError} when another read is waiting
   * @throws the error that broke the stream
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `StreamReader.readline()`,
   *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.readline
   */
  readline(): Operation<Received> {
    const search = new Search(NEWLINE);
    this.#search = search;
    return this.#start('readuntil', () => this.#takeLine(search));
  }

  #takeLine(search: Search): Received | undefined {
    try {
      return this.#takeUntil(search);
    } catch (error) {
      if (isA(error, IncompleteReadError)) return error.partial;
      if (!isA(error, LimitOverrunError)) throw error;
      const { consumed, message } = error;
      const isWhole = this.#bytes.has(NEWLINE, consumed);
      this.#take(isWhole ? consumed + NEWLINE.length : this.#bytes.size);
      throw rangeError(message);
    }
  }

  /**
   * Reads up to and including a separator.
   *
   * Of several separators, the one that ends first is used.
   *
   * @param separator - bytes, a string, or an array of alternatives; by default a newline
   * @returns the bytes, in an array that nothing else writes to
   * @throws {IncompleteReadError} when the stream ends first; its `partial` has the bytes read
   * @throws {LimitOverrunError} when more bytes than the limit precede the separator; they can
   *   still be read in other ways
   * @throws {TypeError} when a separator is neither bytes nor a string
   * @throws {RangeError} when there are none, or one is empty
   * @throws {RuntimeError} when another read is waiting
   * @throws the error that broke the stream
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `StreamReader.readuntil()`,
   *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.readuntil
   */
  readuntil(
    separator: Uint8Array | string | readonly (Uint8Array | string)[] = NEWLINE,
  ): Operation<Received> {
    const search = new Search(separator);
    this.#search = search;
    return this.#start('readuntil', () => this.#takeUntil(search));
  }

  #takeUntil(search: Search): Received | undefined {
    const found = search.in(this.#bytes);
    if (found === undefined) {
      if (search.offset > this.#limit)
        throw new LimitOverrunError(
          'Separator is not found, and chunk exceed the limit',
          search.offset,
        );
      if (!this.#eof) return undefined;
      throw new IncompleteReadError(this.#bytes.take(this.#bytes.size), undefined);
    }
    if (found.start > this.#limit)
      throw new LimitOverrunError(
        'Separator is found, but chunk is longer than limit',
        found.start,
      );
    return this.#take(found.end);
  }

  /**
   * Reads exactly `n` bytes; waits until there are enough. The reader's limit does not apply.
   *
   * @returns the bytes, in an array that nothing else writes to
   * @throws {IncompleteReadError} when the stream ends first; its `partial` has the bytes read
   * @throws {RangeError} when `n` is negative
   * @throws {TypeError} when `n` is not an integer
   * @throws {RuntimeError} when another read is waiting
   * @throws the error that broke the stream
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `StreamReader.readexactly()`,
   *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.StreamReader.readexactly
   */
  readexactly(n: number): Operation<Received> {
    checkCount(n);
    if (n < 0) throw rangeError('readexactly size can not be less than zero');
    return this.#start('readexactly', () => this.#takeExactly(n));
  }

  #takeExactly(n: number): Received | undefined {
    const { size } = this.#bytes;
    if (size >= n) return this.#take(n);
    if (!this.#eof) return undefined;
    throw new IncompleteReadError(this.#bytes.take(size), n);
  }

  /**
   * Returns bytes without removing them; waits until there are enough.
   *
   * @param n - how many bytes to wait for; by default one. The reader's limit does not apply
   * @returns a copy of the first `n` bytes, or by default of all that are available; fewer at the
   *   end
   * @throws {TypeError} when `n` is not an integer
   * @throws {RangeError} when `n` is negative
   * @throws {RuntimeError} when another read is waiting
   * @throws the error that broke the stream
   * @throws {CancelledError} when the waiting task is cancelled
   */
  peek(n?: number): Operation<Received> {
    if (n !== undefined) {
      checkCount(n);
      if (n < 0) throw rangeError('peek size can not be less than zero');
    }
    return this.#start('peek', () =>
      this.#bytes.size >= (n ?? 1) || this.#eof
        ? (this.#bytes.peek(n ?? this.#bytes.size) as Received)
        : undefined,
    );
  }

  /** Reads line by line, until the end. */
  async *[Symbol.asyncIterator](): AsyncIterator<Received> {
    for (let line = await this.readline(); line.length > 0; line = await this.readline())
      yield line;
  }

  /** Has the stream ended, and have all bytes been read? */
  atEof(): boolean {
    return this.#eof && this.#bytes.size === 0;
  }

  /** The error that broke the stream; `undefined` if there is none. */
  exception(): unknown {
    return this.#exception;
  }

  // ── feeding ────────────────────────────────────────────────────────────────────────────────

  /**
   * Adds bytes at the end.
   *
   * @param data - owned by the reader
   * @throws {TypeError} when `data` is not a `Uint8Array`
   * @throws {RuntimeError} after {@link feedEof}
   */
  feedData(data: Uint8Array): void {
    if (!isUint8Array(data)) throw typeError(`data must be a Uint8Array, got ${typeNameOf(data)}`);
    if (this.#eof) throw new RuntimeError('feedData after feedEof');
    if (data.length === 0) return;
    this.#bytes.push(data);
    this.#waiting()?.tell();
    if (this.#transport === undefined || this.#paused) return;
    if (this.#bytes.size <= 2 * this.#limit) return;
    this.#transport.pauseReading();
    this.#paused = true;
  }

  /** Marks the end of the stream. */
  feedEof(): void {
    this.#eof = true;
    this.#waiting()?.tell();
  }

  /** Breaks the stream: all reads fail with `exception` from now on. */
  setException(exception: unknown): void {
    this.#exception = exception;
    this.#waiting()?.tell();
  }

  /**
   * Pauses `transport` while too much is unread.
   *
   * @throws {RuntimeError} when the reader already has a transport
   */
  setTransport(transport: PausableTransport): void {
    if (this.#transport !== undefined) throw new RuntimeError('Transport already set');
    this.#transport = transport;
  }

  /** `<StreamReader 4 bytes eof limit=123 waiter=<Future …> exception=… transport=<…> paused>` */
  toString(): string {
    const parts = [this.constructor.name];
    if (this.#bytes.size > 0) parts.push(`${this.#bytes.size} bytes`);
    if (this.#eof) parts.push('eof');
    if (this.#limit !== STREAM_LIMIT) parts.push(`limit=${this.#limit}`);
    const waiter = this.#waiting();
    if (waiter !== undefined) parts.push(`waiter=${waiter}`);
    if (this.#exception !== undefined) parts.push(`exception=${repr(this.#exception)}`);
    if (this.#transport !== undefined) parts.push(`transport=${this.#transport}`);
    if (this.#paused) parts.push('paused');
    return `<${parts.join(' ')}>`;
  }

  // ── internal ───────────────────────────────────────────────────────────────────────────────

  /** @internal is a read waiting? */
  get _isWaiting(): boolean {
    return this.#waiting() !== undefined;
  }

  /** @internal is a read waiting, and no byte available? */
  get _isIdle(): boolean {
    return this._isWaiting && this.#bytes.size === 0;
  }

  /** @internal a read needs more bytes, and would otherwise wait forever */
  _resume(): void {
    this._waits?.begin();
    if (this.#bytes.size === 0) this._onIdle?.();
    if (!this.#paused) return;
    this.#paused = false;
    this.#transport?.resumeReading();
  }

  /** @internal returns the unread bytes, and no longer pauses the transport because of them */
  _takeUnread(): Received {
    this.#paused = false;
    this.#search?.restart();
    return this.#bytes.take(this.#bytes.size) as Received;
  }

  /** @internal the waiting read was cancelled */
  _readCancelled(): void {
    this._waits?.end();
  }

  /** @internal sets another transport to pause, instead of the current one */
  _replaceTransport(transport: PausableTransport): void {
    this.#transport = transport;
    if (this.#paused) transport.pauseReading();
  }

  #start(name: string, take: () => Received | undefined): Operation<Received> {
    if (this.#waiting() !== undefined)
      throw new RuntimeError(
        `${name}() called while another coroutine is already waiting for incoming data`,
      );
    try {
      if (this.#exception !== undefined) throw this.#exception;
      const bytes = take();
      if (bytes === undefined) return this.#wait(name, take);
      const done = new NativeOperation<Received>(this.#loop);
      done._finish(bytes);
      return done;
    } catch (error) {
      const failed = new NativeOperation<Received>(this.#loop);
      failed._fail(error);
      return failed;
    }
  }

  #wait(name: string, take: () => Received | undefined): PendingRead {
    const read = new PendingRead(this.#loop, this, name, take);
    this.#read = read;
    this._resume();
    return read;
  }

  #waiting(): PendingRead | undefined {
    return this.#read?._state === 'pending' ? this.#read : undefined;
  }

  #take(nbytes: number): Received {
    const bytes = this.#bytes.take(nbytes);
    if (this.#paused && this.#bytes.size <= this.#limit) {
      this.#paused = false;
      this.#transport?.resumeReading();
    }
    return bytes as Received;
  }
}

/**
 * @throws {TypeError} when it is not a number
 * @throws {RangeError} when it is not positive
 */
export function checkLimit(limit: unknown): void {
  checkNumber(limit, 'limit');
  if (limit <= 0) throw rangeError('Limit cannot be <= 0');
}

function checkCount(n: unknown): void {
  if (!Number.isInteger(n)) throw typeError(`n must be an integer, got ${brief(n)}`);
}
