import { closeSync, openSync, writeSync } from 'node:fs';
import { fromNodeError } from '../../base/errors/os-errors.ts';
import { setTimeout } from '../../base/node-timers.ts';
import { Recorder } from './recorder.ts';
import { BETWEEN_PIECES, piecesOfTrace, TRACE } from './trace-format.ts';

/** What was recorded for somebody outside is kept for so many seconds after its time. */
const PATIENCE = 30;

/** Records what the tasks of this thread do, until it is stopped. */
export class Trace implements AsyncDisposable {
  readonly #file: number;
  #recorder: Recorder | undefined;

  /** @internal @throws {OSError} when the file cannot be written */
  constructor(path: string) {
    try {
      this.#file = openSync(path, 'w');
    } catch (error) {
      throw fromNodeError(error as NodeJS.ErrnoException);
    }
    this.#recorder = new Recorder();
  }

  /**
   * Ends it, and writes the file. Called again, does nothing.
   *
   * @throws {OSError} when the file cannot be written
   */
  stop(): void {
    const events = this.#recorder?.stop();
    this.#recorder = undefined;
    if (events === undefined) return;
    try {
      writeSync(this.#file, TRACE.begin);
      let between = '';
      for (const piece of piecesOfTrace(events)) {
        writeSync(this.#file, between + piece);
        between = BETWEEN_PIECES;
      }
      writeSync(this.#file, TRACE.end);
    } catch (error) {
      throw fromNodeError(error as NodeJS.ErrnoException);
    } finally {
      closeSync(this.#file);
    }
  }

  /** {@link stop}, at the end of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
  }
}

/** Those that somebody outside has begun. */
const recorders = new Map<number, Recorder>();
let begun = 0;

/** Begins one that ends by itself if nobody fetches it. */
export function beginTrace(seconds: number): number {
  const recorder = new Recorder();
  begun += 1;
  const number = begun;
  recorders.set(number, recorder);
  setTimeout(() => endTrace(number), (seconds + PATIENCE) * 1000).unref();
  return number;
}

/** Ends it, and returns its events. */
export function endTrace(number: number): readonly string[] {
  const recorder = recorders.get(number);
  recorders.delete(number);
  return recorder?.stop() ?? [];
}
