import { RuntimeError } from '../base/errors/errors.ts';
import { runningLoop } from '../core/turns/running-loop.ts';
import type { RunResult } from './failure.ts';
import type { SimulationOptions } from './options.ts';
import type { World } from './world.ts';

/**
 * Runs a distributed program in one process, on a simulated network and in virtual time.
 *
 * Each host has its own loop, clock and address. Sockets, streams, servers, protocols and datagrams work unchanged. The
 * seed determines the order of simultaneous events, how long packets take, and which faults occur. The same seed gives
 * the same run, so a failure can be repeated.
 *
 * A run fails if `main` or the program of a host throws, if a host reports something to its exception handler, if
 * nothing can happen any more, if an invariant is violated, or if it takes too long. The error contains the seed. To
 * run only one seed, set the environment variable `SIMULATION_SEED`.
 *
 * ```ts
 * import { simulate } from 'asyncio-ts/testing';
 *
 * await simulate(
 *   async (world) => {
 *     world.host('server', async () => {
 *       await using server = await asyncio.startServer(
 *         async (reader, writer) => {
 *           writer.write(await reader.readline());
 *           writer.close();
 *         },
 *         '0.0.0.0',
 *         80,
 *       );
 *       await server.serveForever();
 *     });
 *     const client = world.host('client', async () => {
 *       const [reader, writer] = await asyncio.openConnection('server', 80);
 *       writer.write('hello\n');
 *       await reader.readline();
 *       writer.close();
 *     });
 *     await world.ended(client);
 *   },
 *   { runs: 100, faults: { latency: [0.001, 0.2], cut: 0.5 } },
 * );
 * ```
 *
 * @param main - starts hosts and causes faults; when it returns, all hosts are stopped
 * @param options - see {@link SimulationOptions}
 * @returns the outcome of the last run
 * @throws {SimulationError} when a run fails
 * @throws {RuntimeError} when a loop is already running
 * @throws {TypeError} when `main` is not a function, or an option has the wrong type
 * @throws {RangeError} when an option is out of range
 */
export async function simulate(
  main: (world: World) => PromiseLike<unknown>,
  options: SimulationOptions = {},
): Promise<RunResult> {
  if (runningLoop() !== undefined)
    throw new RuntimeError('simulate() cannot be called from a running event loop');
  return await (await import('./run-seeds.ts')).runSeeds(main, options, simulate);
}
