/**
 * Runs the store in a simulation:
 *
 *     asyncio-ts simulate examples/kv/simulate.ts --runs 1000 --jobs 2
 *
 * `MISTAKE=staleRead`, `lostWrite` or `shortTimeout` introduces a bug.
 */
import { simulateStore } from './simulation.ts';

const { MISTAKE } = process.env;

await simulateStore(MISTAKE === undefined ? {} : { [MISTAKE]: true }, { runs: 100 });
