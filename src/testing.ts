/**
 * For tests of programs that use asyncio-ts: `import { runVirtual } from 'asyncio-ts/testing'`.
 *
 * @module
 */

export type { RunResult } from './simulation/failure.ts';
export { checkLinearizable } from './simulation/history/check.ts';
export type { History } from './simulation/history/history.ts';
export type { Operation } from './simulation/history/linearizable.ts';
export {
  type QueueCall,
  queue,
  type RegisterCall,
  register,
  type SequentialModel,
  type Step,
} from './simulation/history/models.ts';
export type { Fault, FaultKind, FaultProfile, FaultWeights } from './simulation/network/faults.ts';
export type { LinkOptions } from './simulation/network/network.ts';
export type { SimulationOptions } from './simulation/options.ts';
export { simulate } from './simulation/simulate.ts';
export type { HostMain, SimulatedHost } from './simulation/simulated-host.ts';
export { SimulationError } from './simulation/simulation-error.ts';
export type { HostLike, HostOptions, World } from './simulation/world.ts';
export { type CheckedOptions, LeftBehindError, runChecked } from './testing/run-checked.ts';
export { runVirtual, type VirtualOptions } from './testing/run-virtual.ts';
export { settle } from './testing/settle.ts';
