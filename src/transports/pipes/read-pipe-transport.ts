import { MAX_READ_SIZE } from '../../base/constants.ts';
import { OSError } from '../../base/errors/os-errors.ts';
import { printsAsText } from '../../base/printing/inspect.ts';
import { isA } from '../../base/values/attempt.ts';
import type { Received } from '../../base/values/bytes.ts';
import type { Future } from '../../core/futures/future.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { Watch } from '../readiness-watch.ts';
import { type ReadPipeCallbacks, ReadTransport } from '../transport.ts';
import type { OpenPipe } from './open-pipe.ts';
import { PipeLifecycle } from './pipe-lifecycle.ts';

/**
 * A transport on the reading end of a pipe. For its states, see {@link PipeLifecycle}.
 *
 * Errors from the protocol are reported; the pipe stays open.
 *
 * @see asyncio's `_UnixReadPipeTransport`, `Lib/asyncio/unix_events.py`
 */
export class ReadPipeTransport extends ReadTransport {
  static {
    printsAsText(this);
  }

  readonly #life: PipeLifecycle<ReadPipeCallbacks>;
  readonly #reader: Watch;
  #paused = false;

  /**
   * Calls `connectionMade()` in the next turn, and starts reading.
   *
   * @param given - what `getExtraInfo('pipe')` returns
   * @throws {TypeError} when `protocol` is not a protocol
   * @throws {RuntimeError} when the loop is closed
   */
  constructor(
    loop: LoopCore,
    pipe: OpenPipe,
    protocol: ReadPipeCallbacks,
    given: unknown,
    made?: Future<void>,
  ) {
    super({ pipe: given });
    this.#life = new PipeLifecycle<ReadPipeCallbacks>(this, loop, {
      name: '_UnixReadPipeTransport',
      pipe,
      protocol,
      begin: () => this.#readOn(),
      made,
      shown: () => (this.#reader.active ? 'polling' : 'idle'),
    });
    this.#reader = this.#life.watch('reader', '_UnixReadPipeTransport._read_ready', () =>
      this.#read(),
    );
  }

  #readOn(): void {
    if (this.isReading()) this.#reader.startTrying();
  }

  #read(): boolean {
    const life = this.#life;
    let data: Buffer | undefined;
    try {
      data = life.pipe.end.tryRecv(MAX_READ_SIZE);
    } catch (error) {
      this.#fail(error);
      return false;
    }
    if (data === undefined) return false;
    if (data.length > 0) {
      life.protocol?.dataReceived(data as Received);
      return true;
    }
    life.closing = true;
    this.#reader.stop();
    const { protocol } = life;
    life.soon(`${protocol?.constructor?.name}.eofReceived`, () => void protocol?.eofReceived());
    life.lose(undefined);
    return false;
  }

  /** A terminal that is gone fails with EIO, which counts as its end. */
  #fail(error: unknown): void {
    const life = this.#life;
    try {
      if (!(isA(error, OSError) && error.code === 'EIO'))
        life.report(error, 'Fatal read error on pipe transport');
    } finally {
      life.lose(error);
    }
  }

  setProtocol(protocol: ReadPipeCallbacks): void {
    this.#life.protocol = protocol;
  }

  getProtocol(): ReadPipeCallbacks | undefined {
    return this.#life.protocol;
  }

  isReading(): boolean {
    return !this.#paused && !this.#life.closing;
  }

  pauseReading(): void {
    if (!this.isReading()) return;
    this.#paused = true;
    this.#reader.stop();
  }

  resumeReading(): void {
    if (this.#life.closing || !this.#paused) return;
    this.#paused = false;
    this.#readOn();
  }

  isClosing(): boolean {
    return this.#life.closing;
  }

  close(): void {
    if (!this.#life.closing) this.#life.lose(undefined);
  }

  /** `<_UnixReadPipeTransport fd=8 polling>`, like CPython. */
  override toString(): string {
    return String(this.#life);
  }
}
