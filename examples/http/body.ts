/** The body of a request, read piece by piece. */
import * as asyncio from 'asyncio-ts';
import { parseChunkLine, parseHeader } from './header.ts';
import { HttpError } from './http-error.ts';

/** The maximum number of bytes that are read at a time. */
const PIECE = 65_536;
/** The maximum length of all trailers and chunk extensions together, in bytes. */
const MAX_EXTRA = 8192;

/** Headers that are refused as trailers, because they are needed before the body. */
const NOT_TRAILERS = new Set(['content-length', 'host', 'transfer-encoding']);

const NOTHING = Buffer.alloc(0);
const LINE_END = Buffer.from('\r\n');

export interface BodyOptions {
  /** The maximum length, in bytes. */
  readonly maxBody: number;
  /** When all of it must have arrived, on the loop's clock; by default, there is no limit. */
  readonly deadline?: number | undefined;
  /** Tells the client to send it; called before the first read. */
  readonly goAhead?: (() => void) | undefined;
}

/**
 * A body of known length is in `data` until it ends. A body of chunks:
 *
 *   ┌──────────────── line end ◀──┐
 *   ▼                             │
 *   size ───────────────────▶ data
 *    └───▶ trailers ──▶ end
 *
 * No state changes while a read waits, so a read that is cancelled loses nothing. After a failure,
 * it is unknown where the body ends. So every later read fails, too, and nothing in the body is
 * mistaken for the next request.
 */
export class Body implements AsyncIterable<Uint8Array> {
  readonly #reader: asyncio.StreamReader;
  readonly #chunked: boolean;
  readonly #maxBody: number;
  readonly #deadline: number | undefined;
  #goAhead: (() => void) | undefined;
  #state: 'size' | 'data' | 'line end' | 'trailers' | 'end';
  /** How many bytes of the body, or of this chunk, have not been read. */
  #left: number;
  /** Bytes of all chunks so far. */
  #total = 0;
  /** Bytes of all extensions and trailers so far. */
  #extra = 0;
  #failure: HttpError | undefined;

  constructor(
    reader: asyncio.StreamReader,
    length: number | 'chunked',
    { maxBody, deadline, goAhead }: BodyOptions,
  ) {
    this.#reader = reader;
    this.#chunked = length === 'chunked';
    this.#left = length === 'chunked' ? 0 : length;
    this.#state = length === 'chunked' ? 'size' : length === 0 ? 'end' : 'data';
    this.#maxBody = maxBody;
    this.#deadline = deadline;
    this.#goAhead = goAhead;
  }

  /** Has all of it been read? */
  get ended(): boolean {
    return this.#state === 'end';
  }

  /** Why the rest cannot be read; `undefined` if it can. */
  get failure(): HttpError | undefined {
    return this.#failure;
  }

  /**
   * Reads the bytes that are available, and waits for the first one.
   *
   * @returns an empty array at the end
   * @throws {HttpError} 400 when the body is malformed or incomplete; 408 when it takes too long;
   *   413 or 431 when it is too large. Every later read throws the same error
   */
  async read(): Promise<Uint8Array> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#state === 'end') return NOTHING;
    this.#goAhead?.();
    this.#goAhead = undefined;
    try {
      return await asyncio.timeoutAt(this.#deadline, () => this.#next());
    } catch (error) {
      const failure = asFailure(error);
      if (failure === undefined) throw error;
      this.#failure = failure;
      throw failure;
    }
  }

  async #next(): Promise<Uint8Array> {
    while (true) {
      switch (this.#state) {
        case 'size':
          this.#begin(await this.#line());
          break;
        case 'data':
          return this.#took(await this.#reader.read(Math.min(this.#left, PIECE)));
        case 'line end':
          if (!LINE_END.equals(await this.#reader.readexactly(2)))
            throw new HttpError(400, 'chunk longer than its size');
          this.#state = 'size';
          break;
        case 'trailers':
          this.#trailer(await this.#line());
          break;
        case 'end':
          return NOTHING;
      }
    }
  }

  /** Starts a chunk, or the trailers after the last one. */
  #begin(line: string): void {
    const [size, extensions] = parseChunkLine(line);
    this.#count(extensions, 'chunk extensions too large');
    this.#total += size;
    if (this.#total > this.#maxBody)
      throw new HttpError(413, `body longer than ${this.#maxBody} bytes`);
    this.#left = size;
    this.#state = size > 0 ? 'data' : 'trailers';
  }

  #took(piece: Uint8Array): Uint8Array {
    if (piece.length === 0) throw new HttpError(400, 'incomplete body');
    this.#left -= piece.length;
    if (this.#left === 0) this.#state = this.#chunked ? 'line end' : 'end';
    return piece;
  }

  /** Checks a trailer, and drops it. */
  #trailer(line: string): void {
    if (line === '') {
      this.#state = 'end';
      return;
    }
    const [name] = parseHeader(line);
    if (NOT_TRAILERS.has(name)) throw new HttpError(400, `${name} in a trailer`);
    this.#count(line, 'trailers too large');
  }

  #count({ length }: string, tooLarge: string): void {
    this.#extra += length;
    if (this.#extra > MAX_EXTRA) throw new HttpError(431, tooLarge);
  }

  /** Reads a line, and returns it without its line end. */
  async #line(): Promise<string> {
    const { buffer, byteOffset, length } = await this.#reader.readuntil(LINE_END);
    return Buffer.from(buffer, byteOffset, length - 2).toString('latin1');
  }

  /** Reads it piece by piece, to the end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let piece = await this.read(); piece.length > 0; piece = await this.read()) yield piece;
  }

  /**
   * Reads the rest of it.
   *
   * @throws {HttpError} as {@link read} does
   */
  async bytes(): Promise<Buffer> {
    // One block that grows: a million pieces of one byte would take a hundred times the memory.
    let block = NOTHING;
    let size = 0;
    for await (const piece of this) {
      if (block.length - size < piece.length) {
        const larger = Buffer.allocUnsafeSlow(2 * (size + piece.length));
        block.copy(larger, 0, 0, size);
        block = larger;
      }
      block.set(piece, size);
      size += piece.length;
    }
    return block.subarray(0, size);
  }

  /**
   * Reads and drops the rest, so that the next request can be read.
   *
   * @returns `false` if that is not worth it: the client has not been told to send the body, or too
   *   much of it is left
   * @throws {HttpError} as {@link read} does
   */
  async discard(): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#state === 'end') return true;
    if (this.#goAhead !== undefined || this.#left > PIECE) return false;
    for (let total = 0; !this.ended; ) {
      total += (await this.read()).length;
      if (total > PIECE) return false;
    }
    return true;
  }
}

/** The response to a failed read; `undefined` if the connection was lost. */
function asFailure(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error;
  if (error instanceof asyncio.IncompleteReadError) return new HttpError(400, 'incomplete body');
  if (error instanceof asyncio.LimitOverrunError)
    return new HttpError(400, 'line too long in a body of chunks');
  if (error instanceof asyncio.TimeoutError) return new HttpError(408, 'body not sent in time');
  return undefined;
}
