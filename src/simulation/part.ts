import type { FaultProfile } from './network/faults.ts';
import type { TraceEntry } from './network/trace.ts';

/** The environment variable in which `asyncio-ts simulate` passes a {@link Part} to its child processes. */
export const PART = 'ASYNCIO_TS_SIMULATE';

/** The part of the runs for one child process: every `jobs`-th seed, starting with the one at `job`. */
export interface Part {
  readonly job: number;
  readonly jobs: number;
  readonly runs?: number | undefined;
  readonly seed?: number | string | undefined;
  readonly faults?: FaultProfile | undefined;
}

/** Messages from `simulate()` to the command. */
export type RunMessage =
  /** It starts, with this number of runs. */
  | { readonly begins: number }
  /** A run starts, with this seed. */
  | { readonly starts: number | string }
  /** How the second run with the first seed differs; empty if it does not. */
  | { readonly differs: string }
  /** A run passed, after this number of simulated seconds. */
  | { readonly passed: number }
  /** A run failed. The faults that it needs are not known yet. */
  | { readonly failing: number | string }
  | { readonly failed: string; readonly entries: readonly TraceEntry[] };

/** The part for this process, if the command started it. */
export function wantedPart(): Part | undefined {
  const text = process.env[PART];
  // Child processes of the program inherit the variable, but have no channel to the command.
  return text === undefined || !process.connected ? undefined : (JSON.parse(text) as Part);
}

/** Sends a message to the command. */
export async function tell(message: RunMessage): Promise<void> {
  await new Promise<void>((resolve) => {
    process.send?.(message, () => resolve());
  });
}
