import type { LookupAddress } from 'node:dns';

/** What a simulated host has in place of the operating system. */
export interface SimulatedSystem {
  /** Its `Driver`, a type that this folder does not import. */
  readonly driver: object;
  readonly hostname: string;

  /**
   * Resolves a name immediately.
   *
   * @throws {gaierror} when there are none
   */
  find(name: string, family: number): LookupAddress[];

  /** Looks up the name of a numeric address, as {@link lookUp} does. */
  lookUpName(address: string, finish: (name: string) => void, fail: (error: unknown) => void): void;

  /** Looks up a name like a resolver: the result comes later, and it may fail. */
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
