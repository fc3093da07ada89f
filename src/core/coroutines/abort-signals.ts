import { checkOptions } from '../../base/check-options.ts';
import { brief } from '../../base/printing/repr.ts';
import { type Abandoning, Limit } from '../cancellation/limit.ts';
import type { Task } from './task.ts';

/** Something that an `AbortSignal` can interrupt. */
export interface Abortable extends Abandoning {
  /** Breaks it off when it is aborted: its `reason` is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks whether `value` is a signal, or none.
 *
 * @throws {TypeError} when it is something else
 */
export function checkSignal(value: unknown): void {
  if (value === undefined) return;
  const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>;
  if (typeof aborted !== 'boolean' || typeof addEventListener !== 'function')
    throw new TypeError(`signal must be an AbortSignal, got ${brief(value)}`);
}

/** Who is to be told of each signal. Node warns of more than ten listeners: so we have one. */
const told = new WeakMap<AbortSignal, Told>();

interface Told {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

/**
 * Calls back, at once, when `signal` is aborted; not, if it is already.
 *
 * The signal has a listener only while there is somebody to call back: one that `AbortSignal.any()`
 * made lives, with all its sources, for as long as it has any.
 *
 * @returns a function that cancels the call
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) return () => {};
  let known = told.get(signal);
  if (known === undefined) {
    const callbacks = new Set<() => void>();
    const listener = (): void => {
      told.delete(signal);
      for (const each of [...callbacks]) each();
    };
    known = { callbacks, listener };
    told.set(signal, known);
    signal.addEventListener('abort', listener, { once: true });
  }
  const { callbacks, listener } = known;
  // One of its own: the same function may be there twice.
  const entry = (): void => callback();
  callbacks.add(entry);
  return () => {
    if (!callbacks.delete(entry) || callbacks.size > 0 || told.get(signal) !== known) return;
    told.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

/** Cancels `task` when `signal` is aborted, as long as it is not done. */
export function cancelOnAbort(task: Task<unknown>, signal: AbortSignal): void {
  const cancel = (): void => void task.cancel();
  const forget = onAbort(signal, cancel);
  task.addDoneCallback(() => forget());
  if (signal.aborted) cancel();
}

/**
 * A call that is interrupted when `signal` is aborted, if there is one: see {@link underSignal}.
 *
 * @throws {TypeError} when `signal` is something else
 */
export function untilAborted<T>(
  options: Abortable | undefined,
  call: () => PromiseLike<T> | T,
): () => Promise<T> {
  checkOptions(options);
  const signal = options?.signal;
  // A call of ours gives a promise, or what is awaited as one.
  if (signal === undefined) return call as () => Promise<T>;
  checkSignal(signal);
  return () => underSignal(signal, call, options);
}

/**
 * Runs `body` as part of the task that calls, until `signal` is aborted: then it is cancelled where
 * it waits, and the reason of the signal is thrown in place of the cancel. A cancel by somebody else
 * passes through, and so does whatever else the body throws or gives.
 *
 * @throws the reason of `signal`, before the body begins, when it is aborted already
 */
export async function underSignal<T>(
  signal: AbortSignal,
  body: () => PromiseLike<T> | T,
  options?: Abandoning,
): Promise<T> {
  signal.throwIfAborted();
  const limit = Limit.open(
    { abandon: options?.abandon, name: 'a call with a signal' },
    'a signal needs a task that it can interrupt',
  );
  const forget = onAbort(signal, () => limit.cancel());
  try {
    return await limit.run(body, () => signal.reason);
  } finally {
    forget();
  }
}
