import type { RunResult } from './failure.ts';
import type { SimulationOptions } from './options.ts';
import type { World } from './world.ts';

/**
 * Runs a distributed program in one process, on a simulated network and in virtual time.
 *
 * Each host has a loop, a clock and an address of its own. Sockets, streams, servers, protocols and datagrams work
 * as they are. The seed decides the order of what happens at the same time, how long packets take,
 * and which faults come: the same seed gives the same run. So a failure can be repeated.
 *
 * A run fails if `main` or the program of a host throws, if a host reports something to its exception handler,
 * if nothing can happen any more, if an invariant does not hold, or if it takes too long. The error names the seed. The
 * environment's `SIMULATION_SEED` runs only that one.
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
 * @param main - starts hosts, and makes things go wrong; when it returns, all hosts are stopped
 * @param options - see {@link SimulationOptions}
 * @returns what came of the last run
 * @throws {SimulationError} when a run fails
 * @throws {RuntimeError} when a loop runs already
 * @throws {RangeError} when an option is out of range
 */
export async function simulate(
  main: (world: World) => PromiseLike<unknown>,
  options: SimulationOptions = {},
): Promise<RunResult> {
  return await (await import('./run-seeds.ts')).runSeeds(main, options);
}
