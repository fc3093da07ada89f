import { LOST_WRITES_BEFORE_LOG } from '../../base/constants.ts';
import { endsTheLoop } from '../../base/errors/errors.ts';
import { OSError, osError } from '../../base/errors/os-errors.ts';
import { log } from '../../base/log/log.ts';
import { printsAsText } from '../../base/printing/inspect.ts';
import { isA } from '../../base/values/attempt.ts';
import type { Future } from '../../core/futures/future.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { Watch } from '../readiness-watch.ts';
import { type WritePipeCallbacks, WriteTransport } from '../transport.ts';
import { SendQueue } from '../write-buffer/send-queue.ts';
import { joinBytes, toBytes } from '../write-buffer/to-bytes.ts';
import { notifyWriting, WaterMarks } from '../write-buffer/water-marks.ts';
import type { OpenPipe } from './open-pipe.ts';
import { PipeLifecycle } from './pipe-lifecycle.ts';

/**
 * A transport on the writing end of a pipe. For its states, see {@link PipeLifecycle}.
 *
 * When the reader is gone, the pipe is closed: with a `BrokenPipeError` if data waits to be
 * written.
 *
 * @see asyncio's `_UnixWritePipeTransport`, `Lib/asyncio/unix_events.py`
 */
export class WritePipeTransport extends WriteTransport {
  static {
    printsAsText(this);
  }

  readonly #life: PipeLifecycle<WritePipeCallbacks>;
  readonly #writer: Watch;
  /** Watches whether the reader is gone. */
  readonly #peer: Watch;
  readonly #marks = new WaterMarks();
  readonly #unsent = new SendQueue();
  /** How many waiting bytes the pipe has taken. */
  #moved = 0;
  /** 0 until a write fails; then 1, plus 1 for each later write. Writes after a close count, too. */
  #lost = 0;

  /**
   * Calls `connectionMade()` in the next turn.
   *
   * @param given - what `getExtraInfo('pipe')` returns
   * @throws {TypeError} when `protocol` is not a protocol
   * @throws {RuntimeError} when the loop is closed
   */
  constructor(
    loop: LoopCore,
    pipe: OpenPipe,
    protocol: WritePipeCallbacks,
    given: unknown,
    made?: Future<void>,
  ) {
    super({ pipe: given });
    this.#life = new PipeLifecycle<WritePipeCallbacks>(this, loop, {
      name: '_UnixWritePipeTransport',
      pipe,
      protocol,
      begin: () => {
        if (pipe.noticesReader && !this.#life.closing) this.#peer.startTrying();
      },
      made,
      last: () => this.#writeLast(),
      shown: () => {
        const polling = this.#writer.active ? 'polling' : 'idle';
        return `${polling} bufsize=${this.getWriteBufferSize()}`;
      },
    });
    this.#peer = this.#life.watch('reader', '_UnixWritePipeTransport._read_ready', () =>
      this.#lookForReader(),
    );
    this.#writer = this.#life.watch('writer', '_UnixWritePipeTransport._write_ready', () =>
      this.#flush(),
    );
  }

  /** If there is anything to read, even the end, the reader is gone, as in asyncio. */
  #lookForReader(): boolean {
    try {
      if (this.#life.pipe.end.tryRecv(1) === undefined) return false;
    } catch (error) {
      if (!isA(error, OSError)) throw error;
    }
    this.#close(this.#unsent.size > 0 ? osError('EPIPE', 'write') : undefined);
    return false;
  }

  write(written: Uint8Array | string): void {
    const data = toBytes(written);
    if (data.length === 0) return;
    if (this.#lost > 0 || this.#life.closing) {
      if (this.#lost >= LOST_WRITES_BEFORE_LOG)
        log('pipe closed by peer or os.write(pipe, data) raised exception.', 'warn');
      this.#lost += 1;
      return;
    }
    let sent = 0;
    if (this.#unsent.size === 0) {
      try {
        sent = Math.max(0, this.#life.pipe.end.trySend(data, 0));
      } catch (error) {
        this.#fail(error);
        return;
      }
      if (sent === data.length) return;
      this.#writer.startTrying();
    }
    this.#unsent.push(data, sent);
    this.#pauseIfFull();
  }

  writelines(pieces: Iterable<Uint8Array | string>): void {
    this.write(joinBytes(pieces));
  }

  /** The pipe takes more. Always returns `false`: it waits to be called again. */
  #flush(): boolean {
    const { size } = this.#unsent;
    try {
      this.#unsent.sendTo(this.#life.pipe.end);
    } catch (error) {
      this.#fail(error);
      return false;
    }
    this.#moved += size - this.#unsent.size;
    if (this.#unsent.size > 0) return false;
    this.#writer.stop();
    this.#resumeIfLow();
    // resumeWriting() may have written more, or closed the transport.
    if (this.#life.closing && this.#unsent.size === 0) {
      this.#peer.stop();
      this.#life.callConnectionLost(undefined);
    }
    return false;
  }

  #fail(error: unknown): void {
    if (endsTheLoop(error)) throw error;
    this.#lost += 1;
    try {
      if (!isA(error, OSError)) this.#life.report(error, 'Fatal write error on pipe transport');
    } finally {
      this.#close(error);
    }
  }

  /** Ends it immediately, and drops waiting data. */
  #close(error: unknown): void {
    this.#unsent.clear();
    this.#life.lose(error);
  }

  canWriteEof(): boolean {
    return true;
  }

  /**
   * Closes the pipe once waiting data has been written: a pipe has no other way to signal the end.
   */
  writeEof(): void {
    const life = this.#life;
    if (life.closing) return;
    life.closing = true;
    if (this.#unsent.size === 0) life.lose(undefined);
  }

  setProtocol(protocol: WritePipeCallbacks): void {
    this.#life.protocol = protocol;
  }

  getProtocol(): WritePipeCallbacks | undefined {
    return this.#life.protocol;
  }

  isClosing(): boolean {
    return this.#life.closing;
  }

  close(): void {
    this.writeEof();
  }

  abort(): void {
    if (this.#life.protocol !== undefined) this.#close(undefined);
  }

  setWriteBufferLimits(high?: number, low?: number): void {
    this.#marks.set(high, low);
    this.#pauseIfFull();
  }

  getWriteBufferLimits(): [low: number, high: number] {
    return this.#marks.limits;
  }

  getWriteBufferSize(): number {
    return this.#unsent.size;
  }

  /** @internal */
  override get _traffic(): number {
    return this.#moved;
  }

  /** @internal */
  override get _writingPaused(): boolean {
    return this.#marks.paused;
  }

  #pauseIfFull(): void {
    if (this.#marks.rise(this.#unsent.size)) this.#tell('pauseWriting');
  }

  #resumeIfLow(): void {
    if (this.#marks.fall(this.#unsent.size)) this.#tell('resumeWriting');
  }

  #tell(method: 'pauseWriting' | 'resumeWriting'): void {
    notifyWriting(this.#life.protocol, method, (error, message) =>
      this.#life.report(error, message),
    );
  }

  /** Writes as much buffered data as possible, when the outcome can no longer be reported. */
  #writeLast(): void {
    try {
      this.#unsent.sendTo(this.#life.pipe.end);
    } catch (error) {
      if (!isA(error, OSError)) throw error;
    }
  }

  /** `<_UnixWritePipeTransport fd=8 idle bufsize=0>`, like CPython. */
  override toString(): string {
    return String(this.#life);
  }
}
