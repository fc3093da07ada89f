/** What a simulated host has in place of the operating system. */
export interface SimulatedSystem {
  /** Its `Driver`, which this room does not know. */
  readonly driver: object;
  readonly hostname: string;

  /** The address of a name, at once; `undefined` where there is none. */
  addressOf(name: string): string | undefined;

  /** Looks a name up as a resolver does: later, and not always with success. */
  lookUp(name: string, finish: (address: string | undefined, code: string) => void): void;
}

let find: (() => SimulatedSystem | undefined) | undefined;

/** The system of the host whose loop runs; `undefined` outside of a simulation. */
export function simulatedSystem(): SimulatedSystem | undefined {
  return find === undefined ? undefined : find();
}

/** Sets how {@link simulatedSystem} finds it; `undefined` when the simulation ends. */
export function setSimulatedSystem(finder: (() => SimulatedSystem | undefined) | undefined): void {
  find = finder;
}
