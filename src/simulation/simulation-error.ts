import { named } from '../base/errors/errors.ts';
import type { Fault } from './network/faults.ts';

/** A simulation has failed. The message contains the seed, the faults and the end of the trace. */
export class SimulationError extends Error {
  static {
    named(this, 'SimulationError');
  }

  readonly #seed: number | string;
  readonly #faults: readonly Fault[];
  readonly #trace: string;

  /** @internal */
  constructor(
    message: string,
    cause: unknown,
    seed: number | string,
    faults: readonly Fault[],
    trace: string,
  ) {
    super(message, { cause });
    this.#seed = seed;
    this.#faults = faults;
    this.#trace = trace;
  }

  /** The seed that fails. */
  get seed(): number | string {
    return this.#seed;
  }

  /** The smallest set of faults that was found to cause the failure. */
  get faults(): readonly Fault[] {
    return this.#faults;
  }

  /** What happened at the end, as a sequence diagram. */
  get trace(): string {
    return this.#trace;
  }
}
