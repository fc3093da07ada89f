import { closeSync, openSync, writeSync } from 'node:fs';
import { fromNodeError } from '../../base/errors/os-errors.ts';
import { chore } from '../../core/turns/host.ts';
import { Recorder } from './recorder.ts';
import { BETWEEN_PIECES, piecesOfTrace, TRACE } from './trace-format.ts';

/** How long a recording requested from outside is kept after its end, in seconds. */
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
   * Stops recording, and writes the file. A second call has no effect.
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

/** The recordings that were requested from outside. */
const recorders = new Map<number, Recorder>();
let begun = 0;

/** Starts a recording that is dropped after a while if it is not fetched. */
export function beginTrace(seconds: number): number {
  const recorder = new Recorder();
  begun += 1;
  const number = begun;
  recorders.set(number, recorder);
  chore((seconds + PATIENCE) * 1000, () => endTrace(number));
  return number;
}

/** Stops a recording, and returns its events. */
export function endTrace(number: number): readonly string[] {
  const recorder = recorders.get(number);
  recorders.delete(number);
  return recorder?.stop() ?? [];
}
