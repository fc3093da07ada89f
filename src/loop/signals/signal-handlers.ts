import { RuntimeError } from '../../base/errors/errors.ts';
import { workerThreads } from '../../base/node-modules.ts';
import { signalName } from '../../base/signal-names.ts';
import { copyContext, scopeForLater } from '../../core/context/context.ts';
import { choreNextTurn } from '../../core/turns/host.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';

/** Signals that cannot be caught. */
const UNCATCHABLE: readonly string[] = ['SIGKILL', 'SIGSTOP'];

/**
 * Resolves when each signal that arrived before the call has been passed to its listeners.
 *
 * Node reads signals in the poll phase. If this is called in that phase or before it, the first
 * immediate may run before the next poll; the second one never does.
 */
export function signalsHeard(): Promise<void> {
  return new Promise((resolve) => choreNextTurn(() => choreNextTurn(resolve)));
}

function checkCatchable(sig: NodeJS.Signals | number, caller: string): void {
  if (UNCATCHABLE.includes(signalName(sig))) throw new RuntimeError(`sig ${sig} cannot be caught`);
  // Node delivers signals only to the main thread.
  if (!workerThreads().isMainThread)
    throw new RuntimeError(`${caller} only works in the main thread`);
}

/**
 * Calls `listener` at each signal.
 *
 * @returns a function that stops it
 * @throws {RuntimeError} when it cannot be caught, or not in this thread
 */
export function listenForSignal(name: NodeJS.Signals, listener: () => void): () => void {
  checkCatchable(name, 'the signals option');
  process.on(name, listener);
  return () => process.off(name, listener);
}

/** A loop's signal handlers: one callback per signal, called in the loop. */
export class SignalHandlers {
  readonly #loop: LoopCore;
  readonly #removers = new Map<string, () => void>();

  constructor(loop: LoopCore) {
    this.#loop = loop;
  }

  /** Sets the callback for a signal, replacing an earlier one. */
  add<A extends unknown[]>(
    sig: NodeJS.Signals | number,
    callback: (...args: A) => unknown,
    args: A,
  ): void {
    const name = signalName(sig);
    checkCatchable(sig, 'addSignalHandler()');
    this.remove(name);
    const scope = scopeForLater(copyContext());
    const listener = (): void => {
      this.#loop._callSoonIn(scope, callback, ...args);
    };
    process.on(name, listener);
    this.#removers.set(name, () => process.off(name, listener));
  }

  remove(sig: NodeJS.Signals | number): boolean {
    const name = signalName(sig);
    this.#removers.get(name)?.();
    return this.#removers.delete(name);
  }

  /** Is there a handler for the signal? */
  has(name: NodeJS.Signals): boolean {
    return this.#removers.has(name);
  }

  clear(): void {
    for (const remove of this.#removers.values()) remove();
    this.#removers.clear();
  }
}
