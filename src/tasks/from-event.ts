import { checkOptions } from '../base/check-options.ts';
import { typeError } from '../base/errors/refusals.ts';
import { brief, repr } from '../base/printing/repr.ts';
import { attempt } from '../base/values/attempt.ts';
import { type Abortable, checkSignal, onAbort } from '../core/coroutines/abort-signals.ts';
import { Operation } from '../core/futures/operation.ts';
import type { WaitDescription } from '../core/futures/wait-description.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { requireRunningLoop } from '../core/turns/running-loop.ts';

/** Emits events like Node's `EventEmitter`: streams, servers, child processes. */
interface EmitterLike {
  on(name: string | symbol, listener: (...args: unknown[]) => void): unknown;
  removeListener(name: string | symbol, listener: (...args: unknown[]) => void): unknown;
}

/** Emits events like the web's `EventTarget`: an `AbortSignal`, a `MessagePort`. */
interface TargetLike {
  addEventListener(name: string, listener: (event: unknown) => void): unknown;
  removeEventListener(name: string, listener: (event: unknown) => void): unknown;
}

/** Waits for an event, and removes its listeners when it is done or cancelled. */
class EventWait extends Operation<unknown[]> {
  readonly #removers: (() => void)[] = [];
  readonly #emitter: object;
  readonly #name: string | symbol;

  constructor(loop: LoopCore, emitter: EmitterLike | TargetLike, name: string | symbol) {
    super(loop._asOption);
    this.#emitter = emitter;
    this.#name = name;
    this.#listen(emitter, name, (...args) => this._finish(args));
    if (isEmitter(emitter) && name !== 'error')
      this.#listen(emitter, 'error', (error) => this._fail(error));
  }

  /** @internal */
  override _describe(): WaitDescription {
    const of = attempt(() => this.#emitter.constructor.name, 'an emitter');
    const event = `${repr(String(this.#name))} of ${of}`;
    return { operation: 'fromEvent', detail: event };
  }

  override cancel(message?: string): boolean {
    const cancelled = super.cancel(message);
    this.#leave();
    return cancelled;
  }

  /** Ends the wait with the reason of `signal` when that is aborted. */
  abortWith(signal: AbortSignal): void {
    const abort = (): void => {
      this.#leave();
      if (!this.done() && !this._loop.isClosed()) this._fail(signal.reason);
    };
    this.#removers.push(onAbort(signal, abort));
    if (signal.aborted) abort();
  }

  #listen(
    emitter: EmitterLike | TargetLike,
    name: string | symbol,
    end: (...args: unknown[]) => void,
  ): void {
    const listener = (...args: unknown[]): void => {
      this.#leave();
      // An emitter may outlive the loop: then nothing is waiting any more.
      if (!this.done() && !this._loop.isClosed()) end(...args);
    };
    if (isEmitter(emitter)) {
      emitter.on(name, listener);
      this.#removers.push(() => emitter.removeListener(name, listener));
    } else {
      emitter.addEventListener(name as string, listener);
      this.#removers.push(() => emitter.removeEventListener(name as string, listener));
    }
  }

  #leave(): void {
    for (const remove of this.#removers.splice(0)) remove();
  }
}

function isEmitter(value: EmitterLike | TargetLike): value is EmitterLike {
  return 'on' in value && 'removeListener' in value;
}

/**
 * Waits for an event: a cancellable `events.once()`.
 *
 * The wait starts at the call; the `await` resumes one turn after the event. Cancelling the
 * waiting task removes the listeners.
 *
 * ```ts
 * import { spawn } from 'node:child_process';
 *
 * const [code] = await asyncio.fromEvent(spawn('ls'), 'exit');
 * ```
 *
 * @param emitter - an `EventEmitter` or an `EventTarget`
 * @param name - the name of the event
 * @param options - `signal`: ends the wait when aborted
 * @returns the listener's arguments, in an array
 * @throws the error of an `EventEmitter`'s `'error'` event, if that comes first
 * @throws the reason of `signal`, when that is aborted
 * @throws {TypeError} when `emitter` is neither, or `name` is not an event name
 * @throws {RuntimeError} when no loop is running
 * @throws {CancelledError} when the waiting task is cancelled
 */
export function fromEvent(
  emitter: EmitterLike | TargetLike,
  name: string | symbol,
  options: Abortable = {},
): Operation<unknown[]> {
  checkOptions(options, 'signal abandon');
  const { on, addEventListener } = Object(emitter) as { on?: unknown; addEventListener?: unknown };
  if (typeof on !== 'function' && typeof addEventListener !== 'function')
    throw typeError(`an EventEmitter or an EventTarget was expected, got ${brief(emitter)}`);
  if (typeof name !== 'string' && typeof name !== 'symbol')
    throw typeError(`the name of an event was expected, got ${brief(name)}`);
  checkSignal(options.signal);
  const wait = new EventWait(requireRunningLoop(), emitter, name);
  if (options.signal !== undefined) wait.abortWith(options.signal);
  return wait;
}
