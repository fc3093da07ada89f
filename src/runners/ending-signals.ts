import { SystemExit } from '../base/errors/errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { brief } from '../base/printing/repr.ts';
import { signalName, signalNumber } from '../base/signal-names.ts';
import type { Task } from '../core/coroutines/task.ts';
import type { Loop } from '../loop/loop.ts';
import { withExitStatus } from '../loop/signals/exit-status.ts';
import { listenForSignal, signalsHeard } from '../loop/signals/signal-handlers.ts';
import { cancelledBy } from './main.ts';

/**
 * The signals that end a program, as the caller of `run()` names them. The first one cancels its
 * task, with the SystemExit that a shell expects; the second one ends the process, as without any
 * listener.
 */
export class EndingSignals {
  readonly #controller = new AbortController();
  readonly #removers: (() => void)[] = [];
  #task: Task<unknown> | undefined;
  #came = false;
  #late: SystemExit | undefined;

  /** @param given - names or numbers */
  constructor(given: unknown) {
    if (!Array.isArray(given))
      throw typeError(`signals must be an array of names, got ${brief(given)}`);
    const names = new Set(given.map(signalName));
    try {
      for (const name of names) this.#removers.push(listenForSignal(name, () => this.#hear(name)));
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  /** The first signal cancels `task` from now on; returns what {@link cancelledBy} does. */
  cancels(task: Task<unknown>): ReturnType<typeof cancelledBy> {
    this.#task = task;
    return cancelledBy(this.#controller.signal, task);
  }

  #hear(name: NodeJS.Signals): void {
    const loop = this.#task?._loop as Loop | undefined;
    // As with Ctrl-C, the program may handle it itself.
    if (loop?._handlesSignal(name)) return;
    if (this.#came) {
      this.#forget();
      process.kill(process.pid, name);
      return;
    }
    this.#came = true;
    const error = new SystemExit(128 + signalNumber(name));
    if (this.#task?.done() === false) this.#controller.abort(error);
    else this.#late = error;
  }

  /**
   * Stops listening.
   *
   * @throws {SystemExit} when a signal came too late to end the program
   */
  async end(): Promise<void> {
    await signalsHeard();
    this.#forget();
    if (this.#late !== undefined) throw withExitStatus(this.#late);
  }

  #forget(): void {
    for (const remove of this.#removers.splice(0)) remove();
  }
}
