import type { LookupAddress } from 'node:dns';

/** What a simulated host has in place of the operating system. */
export interface SimulatedSystem {
  /** Its `Driver`, which this room does not know. */
  readonly driver: object;
  readonly hostname: string;

  /**
   * The addresses of a name, at once.
   *
   * @throws {gaierror} when there are none
   */
  find(name: string, family: number): LookupAddress[];

  /** Finds the name of a numeric address, in the same way. */
  lookUpName(address: string, finish: (name: string) => void, fail: (error: unknown) => void): void;

  /** Looks a name up as a resolver does: later, and not always with success. */
  lookUp(
    name: string,
    family: number,
    finish: (found: LookupAddress[]) => void,
    fail: (error: unknown) => void,
  ): void;
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
