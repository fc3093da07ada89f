import type { FaultProfile } from './network/faults.ts';
import type { TraceEntry } from './network/trace.ts';

/** The variable of the environment by which `asyncio-ts simulate` tells its children a {@link Part}. */
export const PART = 'ASYNCIO_TS_SIMULATE';

/** What `asyncio-ts simulate` wants of a program: every `jobs`-th seed, from the one at `job`. */
export interface Part {
  readonly job: number;
  readonly jobs: number;
  readonly runs?: number | undefined;
  readonly seed?: number | string | undefined;
  readonly faults?: FaultProfile | undefined;
}

/** What `simulate()` tells the command. */
export type Told =
  /** It begins: so many runs. */
  | { readonly begins: number }
  /** A run passed: so many seconds of the simulation. */
  | { readonly passed: number }
  /** A run failed. What it takes is not known yet. */
  | { readonly failing: number | string }
  | { readonly failed: string; readonly entries: readonly TraceEntry[] };

/** What the command wants of this process, if it started it. */
export function wantedPart(): Part | undefined {
  const text = process.env[PART];
  // Children of the program have the variable, too, but no channel to the command.
  return text === undefined || !process.connected ? undefined : (JSON.parse(text) as Part);
}

/** Tells the command something. */
export async function tell(told: Told): Promise<void> {
  await new Promise<void>((resolve) => {
    process.send?.(told, () => resolve());
  });
}
