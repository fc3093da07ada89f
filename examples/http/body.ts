/** The body of a request, read piece by piece as it is wanted. */
import * as asyncio from 'asyncio-ts';
import { HttpError } from './http-error.ts';

/** The most bytes that are read at a time. */
const PIECE = 65_536;
/** The most bytes of all that is said after the last chunk. */
const MAX_TRAILERS = 8192;

const NOTHING = new Uint8Array();
const LINE_END = Buffer.from('\r\n');
const CHUNK = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?\r\n$/;

export interface BodyOptions {
  /** The most bytes of it. */
  readonly maxBody: number;
  /** Tells the client to send it; called before the first of it is read. */
  readonly goAhead?: (() => void) | undefined;
}

/**
 *   fresh ──▶ of a known length:  [ … #left … ] ──▶ ended
 *     └─────▶ chunked:  size ──▶ [ … #left … ] ──▶ line end ──▶ size … ──▶ trailers ──▶ ended
 */
export class Body implements AsyncIterable<Uint8Array> {
  readonly #reader: asyncio.StreamReader;
  readonly #chunked: boolean;
  readonly #maxBody: number;
  #goAhead: (() => void) | undefined;
  /** Bytes to come: of all, or of this chunk. */
  #left: number;
  /** Bytes of all chunks so far. */
  #total = 0;
  #ended: boolean;

  constructor(
    reader: asyncio.StreamReader,
    length: number | 'chunked',
    { maxBody, goAhead }: BodyOptions,
  ) {
    this.#reader = reader;
    this.#chunked = length === 'chunked';
    this.#left = length === 'chunked' ? 0 : length;
    this.#ended = length === 0;
    this.#maxBody = maxBody;
    this.#goAhead = goAhead;
  }

  /** Was all of it read? */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Reads what there is, waiting for the first byte.
   *
   * @returns no bytes at the end
   * @throws {HttpError} 400 when it is no body, or the client has ended before; 413 when it is too long
   */
  async read(): Promise<Uint8Array> {
    if (this.#ended) return NOTHING;
    this.#goAhead?.();
    this.#goAhead = undefined;
    if (this.#chunked && this.#left === 0) {
      await this.#begin();
      if (this.#ended) return NOTHING;
    }
    const piece = await this.#reader.read(Math.min(this.#left, PIECE));
    if (piece.length === 0) throw new HttpError(400, 'the body is not complete');
    this.#left -= piece.length;
    if (this.#left === 0) {
      if (!this.#chunked) this.#ended = true;
      else if ((await this.#line()).length !== 2) throw new HttpError(400, 'a chunk is too long');
    }
    return piece;
  }

  /** Reads the beginning of a chunk; where it is the last one, all that follows. */
  async #begin(): Promise<void> {
    const [, size] = CHUNK.exec(String(await this.#line())) ?? [];
    if (size === undefined) throw new HttpError(400, 'no size of a chunk');
    this.#left = Number.parseInt(size, 16);
    this.#total += this.#left;
    if (this.#total > this.#maxBody)
      throw new HttpError(413, `a body has at most ${this.#maxBody} bytes`);
    if (this.#left > 0) return;
    let trailers = 0;
    for (let line = await this.#line(); line.length > 2; line = await this.#line()) {
      trailers += line.length;
      if (trailers > MAX_TRAILERS) throw new HttpError(431, 'the trailers are too large');
    }
    this.#ended = true;
  }

  async #line(): Promise<Uint8Array> {
    try {
      return await this.#reader.readuntil(LINE_END);
    } catch (error) {
      if (error instanceof asyncio.IncompleteReadError)
        throw new HttpError(400, 'the body is not complete');
      if (error instanceof asyncio.LimitOverrunError)
        throw new HttpError(400, 'a line of a chunk is too long');
      throw error;
    }
  }

  /** Piece by piece, to the end. */
  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (let piece = await this.read(); piece.length > 0; piece = await this.read()) yield piece;
  }

  /** All that is left of it. */
  async bytes(): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for (let piece = await this.read(); piece.length > 0; piece = await this.read())
      pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /**
   * Reads what nobody read, so that the next request can be.
   *
   * @returns `false` where that is not worth it: the client waits for a word, or it is too much
   */
  async discard(): Promise<boolean> {
    if (this.#ended) return true;
    if (this.#goAhead !== undefined || this.#left > PIECE) return false;
    for (let total = 0; !this.#ended; ) {
      total += (await this.read()).length;
      if (total > PIECE) return false;
    }
    return true;
  }
}
