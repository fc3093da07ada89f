import { checkOptions } from '../../base/check-options.ts';
import { throwHere } from '../../base/errors/await-stack.ts';
import { typeError } from '../../base/errors/refusals.ts';
import { brief } from '../../base/printing/repr.ts';
import { type Abandoning, Limit } from '../cancellation/limit.ts';
import type { Task } from './task.ts';

/** Something that an `AbortSignal` can interrupt. */
export interface Abortable extends Abandoning {
  /** Interrupts it when aborted: the signal's `reason` is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks that `value` is an `AbortSignal`, or `undefined`.
 *
 * @throws {TypeError} when it is neither
 */
export function checkSignal(value: unknown): void {
  if (value === undefined) return;
  const { aborted, addEventListener, removeEventListener } = Object(value) as Partial<AbortSignal>;
  if (
    typeof aborted !== 'boolean' ||
    typeof addEventListener !== 'function' ||
    typeof removeEventListener !== 'function'
  )
    throw typeError(`signal must be an AbortSignal, got ${brief(value)}`);
}

/** What to call for each signal. Node warns about more than ten listeners, so we add only one. */
const told = new WeakMap<AbortSignal, Told>();

interface Told {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

/**
 * Calls back immediately when `signal` is aborted; not if it already is.
 *
 * The signal has a listener only while there is a callback: a signal from `AbortSignal.any()`
 * lives, with all its sources, as long as it has a listener.
 *
 * @returns a function that removes the callback
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
  // A new function, because the same one may be added twice.
  const entry = (): void => callback();
  callbacks.add(entry);
  return () => {
    if (!callbacks.delete(entry) || callbacks.size > 0 || told.get(signal) !== known) return;
    told.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

/** Cancels `task` when `signal` is aborted, unless it is done. */
export function cancelOnAbort(task: Task<unknown>, signal: AbortSignal): void {
  const cancel = (): void => void task.cancel();
  const forget = onAbort(signal, cancel);
  task.addDoneCallback(() => forget());
  if (signal.aborted) cancel();
}

/**
 * A call that is interrupted when `signal` is aborted, if given; see {@link underSignal}.
 *
 * @throws {TypeError} when `signal` is not an `AbortSignal`
 */
export function untilAborted<T>(
  options: Abortable | undefined,
  call: () => PromiseLike<T> | T,
  names: string = 'signal abandon',
): () => Promise<T> {
  checkOptions(options, names);
  const signal = options?.signal;
  // Our own calls return promises, or awaitables.
  if (signal === undefined) return call as () => Promise<T>;
  checkSignal(signal);
  return () => underSignal(signal, call, options);
}

/**
 * Runs `body` as part of the calling task. When `signal` is aborted, the body is cancelled where it
 * waits, and the reason of the signal is thrown instead of the cancel. Other cancels, errors and
 * results pass through.
 *
 * @throws the reason of `signal`, before the body starts, when it is already aborted
 */
export async function underSignal<T>(
  signal: AbortSignal,
  body: () => PromiseLike<T> | T,
  options?: Abandoning,
): Promise<T> {
  const reason = (): unknown => {
    throwHere(signal.reason);
    return signal.reason;
  };
  if (signal.aborted) throw reason();
  const limit = Limit.open(
    { abandon: options?.abandon, name: 'a call with a signal' },
    'a signal needs a task that it can interrupt',
  );
  const forget = onAbort(signal, () => limit.cancel());
  try {
    return await limit.run(body, reason);
  } finally {
    forget();
  }
}
