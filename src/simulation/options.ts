import type { RunResult } from './failure.ts';
import type { FaultProfile, FaultWeights } from './network/faults.ts';

/** Options for `simulate()`. */
export interface SimulationOptions {
  /** Decides everything that is left open; by default 1. Further runs take the numbers after it. */
  readonly seed?: number | string | undefined;
  /** How many seeds to try; by default 1. */
  readonly runs?: number | undefined;
  /** What goes wrong, and how often; by default `'calm'`: nothing. */
  readonly faults?: FaultProfile | FaultWeights | undefined;
  /** The longest that a run may take, in seconds of the simulation; by default a week. */
  readonly limit?: number | undefined;
  /** Replaces `Math.random()`, `Date` and the global timers during a run; by default not. */
  readonly patch?: boolean | undefined;
  /** How many entries of the trace are kept; by default 10,000. */
  readonly traceLength?: number | undefined;
  /** Looks for fewer faults with which a run still fails; by default it does. */
  readonly shrink?: boolean | undefined;
  /** Called after each run that passed. */
  readonly onRun?: ((result: RunResult) => void) | undefined;
}
