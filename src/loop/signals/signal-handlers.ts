import { RuntimeError } from '../../base/errors/errors.ts';
import { workerThreads } from '../../base/node-modules.ts';
import { signalName } from '../../base/signal-names.ts';
import { copyContext, scopeForLater } from '../../core/context/context.ts';
import { choreNextTurn } from '../../core/turns/host.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';

/** Those that the system never hands over. */
const UNCATCHABLE: readonly string[] = ['SIGKILL', 'SIGSTOP'];

/**
 * Resolves when each signal that came before the call was given to its listeners.
 *
 * Node asks the system for signals in the poll phase. Called in that phase or before it, the first
 * immediate may come before the next poll; the second one never does.
 */
export function signalsHeard(): Promise<void> {
  return new Promise((resolve) => choreNextTurn(() => choreNextTurn(resolve)));
}

/** The signals that a loop handles, each by one callback that runs in the loop. */
export class SignalHandlers {
  readonly #loop: LoopCore;
  readonly #removers = new Map<string, () => void>();

  constructor(loop: LoopCore) {
    this.#loop = loop;
  }

  /** Puts `callback` in the place of whatever handled the signal for this loop. */
  add<A extends unknown[]>(
    sig: NodeJS.Signals | number,
    callback: (...args: A) => unknown,
    args: A,
  ): void {
    const name = signalName(sig);
    if (UNCATCHABLE.includes(name)) throw new RuntimeError(`sig ${sig} cannot be caught`);
    // Node hands signals to the main thread alone.
    if (!workerThreads().isMainThread)
      throw new RuntimeError('addSignalHandler() only works in the main thread');
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

  /** Is there a handler for the signal of that name? */
  has(name: NodeJS.Signals): boolean {
    return this.#removers.has(name);
  }

  clear(): void {
    for (const remove of this.#removers.values()) remove();
    this.#removers.clear();
  }
}
