import { stackOf } from '../../base/stacks/error-report.ts';
import { textOf } from '../../base/values/attempt.ts';
import type { ExceptionContext, LoopCore } from '../turns/loop-core.ts';
import { Collected } from './collected.ts';

/**
 * Reports exceptions that can no longer be retrieved.
 *
 * A failed future keeps its exception until `result()`, `exception()` or an `await` retrieves it.
 * If the future is collected before that, the exception would be silently lost. So it is passed to
 * the exception handler of the future's loop, as "Task exception was never retrieved".
 *
 * The report follows a garbage collection, which the collector requests. What has not been
 * retrieved when the process ends is reported then.
 *
 * Invariant: a record never refers to its future, or the future would live as long as the record
 * and never be reported. A record holds the exception, the loop and the printed form of the future
 * at its failure; not the future, nor a closure that can see it.
 *
 * @see asyncio's `Future.__del__`, `Lib/asyncio/futures.py`
 */
export interface FailureRecord {
  /** `Task` or `Future`: the class of what failed. */
  readonly subject: string;
  /** Its printed form when it failed, or when its name changed later. */
  printed: string;
  readonly exception: unknown;
  readonly loop: LoopCore;
  readonly sourceTraceback: readonly string[] | undefined;
}

/** What this file knows about a failed future. */
export interface FailedFuture {
  readonly _loop: LoopCore;
  readonly _unseen: boolean;
  readonly _kind: string;
  readonly _sourceTraceback: readonly string[] | undefined;
  _record: FailureRecord | undefined;
  _outcome(): unknown;
}

/** Represents an object that no longer exists, in reports. */
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
    // Until it is formatted, V8's stack refers to the receivers of all its frames.
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
 * Calls `tell` with each future that fails; only one observer at a time.
 *
 * @returns a function that stops it
 */
export function observeFailures(tell: (future: FailedFuture) => void): () => void {
  onFailure = tell;
  return () => {
    onFailure = undefined;
  };
}

/** `future` has just failed. */
export function watchFailure(future: FailedFuture): void {
  failures.add(future);
  onFailure?.(future);
}

/** The failure of `record` was retrieved. */
export function forgetFailure(record: FailureRecord): void {
  failures.forget(record);
}

/** The failures that have not been retrieved, except those of the last few milliseconds. */
export function unseenFailures(): Iterable<FailureRecord> {
  return failures.records;
}
