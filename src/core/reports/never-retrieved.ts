import { stackOf } from '../../base/stacks/error-report.ts';
import { textOf } from '../../base/values/attempt.ts';
import type { ExceptionContext, LoopCore } from '../turns/loop-core.ts';
import { Collected } from './collected.ts';

/**
 * Reports the exceptions that nobody will ever see.
 *
 * A future that fails keeps its exception until `result()`, `exception()` or an `await` takes
 * it. If the future is collected before that, its failure would be lost without a word; so it is
 * handed to the exception handler of the future's loop, as "Task exception was never retrieved".
 *
 * The report follows a garbage collection, which the collector asks for. What is still unseen
 * when the process ends is reported then: it was referenced to the last.
 *
 * Invariant: a record never leads back to its future, or the future would live as long as the
 * record and never be reported. A record holds the exception, the loop and the printed form of
 * the future, taken when it failed; not the future, and no closure made where it is in scope.
 *
 * @see asyncio's `Future.__del__`, `Lib/asyncio/futures.py`
 */
export interface FailureRecord {
  /** `Task` or `Future`: the class of what failed. */
  readonly subject: string;
  /** How it printed when it failed, or when its name changed after that. */
  printed: string;
  readonly exception: unknown;
  readonly loop: LoopCore;
  readonly sourceTraceback: readonly string[] | undefined;
}

/** What is known here of a future that failed. */
export interface FailedFuture {
  readonly _loop: LoopCore;
  readonly _unseen: boolean;
  readonly _kind: string;
  readonly _sourceTraceback: readonly string[] | undefined;
  _record: FailureRecord | undefined;
  _outcome(): unknown;
}

/** Stands for an object that no longer exists, where a report would show it. */
export class Printed {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

const failures = new Collected<FailedFuture, FailureRecord>({
  matters: (future) => future._unseen,

  record: (future) => {
    const exception = future._outcome();
    // Before it is formatted, V8's stack holds the receivers of all its frames.
    stackOf(exception);
    const record: FailureRecord = {
      subject: future._kind,
      printed: textOf(future),
      exception,
      loop: future._loop,
      sourceTraceback: future._sourceTraceback,
    };
    future._record = record;
    return record;
  },

  report: ({ subject, printed, exception, loop, sourceTraceback }) => {
    const context: ExceptionContext = {
      message: `${subject} exception was never retrieved`,
      exception,
      future: new Printed(printed),
    };
    if (sourceTraceback !== undefined) context.sourceTraceback = sourceTraceback;
    loop.callExceptionHandler(context);
  },
});

/** Also called for each failure. */
let onFailure: ((future: FailedFuture) => void) | undefined;

/**
 * Has `tell` called with each future that fails; one at a time.
 *
 * @returns a function that ends that
 */
export function observeFailures(tell: (future: FailedFuture) => void): () => void {
  onFailure = tell;
  return () => {
    onFailure = undefined;
  };
}

/** Is told that `future` has just failed. */
export function watchFailure(future: FailedFuture): void {
  failures.add(future);
  onFailure?.(future);
}

/** Is told that the failure behind `record` was seen. */
export function forgetFailure(record: FailureRecord): void {
  failures.forget(record);
}
