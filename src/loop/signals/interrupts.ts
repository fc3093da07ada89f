import { KeyboardInterrupt } from '../../base/errors/errors.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { isBetweenRuns } from '../../core/turns/running-loop.ts';
import { signalsHeard } from './signal-handlers.ts';

/** The KeyboardInterrupt or SystemExit that ended a run. */
export interface Interruption {
  readonly error: unknown;
}

/** A loop that a Ctrl-C can end. */
export interface InterruptibleLoop extends LoopCore {
  /** @internal does the program handle the signal itself? */
  _handlesSignal(name: NodeJS.Signals): boolean;
}

/**
 * Ends the run with a KeyboardInterrupt on Ctrl-C, as Python does, unless something else listens for it,
 * such as `run()`.
 *
 * @returns a function that stops listening, to be called after the run. Its promise resolves when every Ctrl-C of the
 *   last turn has been handled, with the interrupt that came too late to end the run
 */
export function listenForInterrupts(
  loop: InterruptibleLoop,
): (() => Promise<Interruption | undefined>) | undefined {
  // The program's own handler may be removed while the loop runs.
  const own = loop._handlesSignal('SIGINT') ? 1 : 0;
  if (process.listenerCount('SIGINT') > own) return undefined;
  let late: Interruption | undefined;
  const interrupt = (): void => {
    if (process.listenerCount('SIGINT') !== 1) return;
    const error = new KeyboardInterrupt();
    if (loop.isRunning()) loop._interrupt(error);
    else late = { error };
  };
  process.on('SIGINT', interrupt);
  return async () => {
    // Between two runs of the same program there is no poll phase to wait for.
    if (!isBetweenRuns(loop)) await signalsHeard();
    process.off('SIGINT', interrupt);
    return late;
  };
}
