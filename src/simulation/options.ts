import type { RunResult } from './failure.ts';
import type { FaultProfile, FaultWeights } from './network/faults.ts';

/** Options for `simulate()`. */
export interface SimulationOptions {
  /** Determines all random choices; by default 1. Further runs use the following numbers. */
  readonly seed?: number | string | undefined;
  /** The number of seeds to try; by default 1. */
  readonly runs?: number | undefined;
  /** What goes wrong, and how often; by default `'calm'`: nothing. */
  readonly faults?: FaultProfile | FaultWeights | undefined;
  /** How long a run may take, in simulated seconds; by default a week. */
  readonly limit?: number | undefined;
  /** Replaces `Math.random()`, `Date` and the global timers during a run; by default `false`. */
  readonly patch?: boolean | undefined;
  /** The number of trace entries to keep; by default 10,000. */
  readonly traceLength?: number | undefined;
  /** After a failure, searches for fewer faults that still cause one; by default `true`. */
  readonly shrink?: boolean | undefined;
  /** Called after each run that passed. */
  readonly onRun?: ((result: RunResult) => void) | undefined;
}
