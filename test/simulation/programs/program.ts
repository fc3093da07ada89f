/** What the programs share that are simulated in tests: clients and servers that know nothing of a simulation. */
import type { Socket } from 'node:net';
import * as asyncio from '../../../src/index.ts';
import type { SimulationOptions, World } from '../../../src/testing.ts';
import { simulate } from '../../../src/testing.ts';

/** So often each client does its work, successfully or not. */
const ROUNDS = 10;

/** A server, and a client that uses it once. */
export interface Program {
  serve(): Promise<unknown>;
  /** Throws {@link WrongAnswer} when it gets what it must not get. */
  use(round: number): Promise<unknown>;
}

export class WrongAnswer extends Error {}

export function check(holds: boolean, what: string): void {
  if (!holds) throw new WrongAnswer(what);
}

/** Waits for a promise of a package, and can be cancelled. How it ends after that is of no interest. */
export async function settled<T>(promise: PromiseLike<T>): Promise<T> {
  const outcome = promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const ended = await asyncio.wrapPromise(outcome);
  if ('error' in ended) throw ended.error;
  return ended.value;
}

/** A connection to the server as `toDuplex()` gives it to a package. */
export async function dial(port: number): Promise<Socket> {
  return asyncio.toDuplex(await asyncio.openConnection('server', port));
}

/** Serves the sockets of a package until their ends. */
export async function serveSockets(port: number, serve: (socket: Socket) => void): Promise<void> {
  await using server = await asyncio.startServer(
    async (...streams) => {
      const socket = asyncio.toDuplex(streams);
      socket.on('error', () => {});
      const closed = new Promise((resolve) => void socket.once('close', resolve));
      serve(socket);
      await closed;
    },
    '0.0.0.0',
    port,
  );
  await server.serveForever();
}

/** What came of all runs: how many uses succeeded, and how the others failed. */
export interface Outcome {
  passed: number;
  failed: Map<string, number>;
  digests: string[];
}

/** Runs a program on two hosts, seed by seed: its client goes on after each failure. */
export async function play(program: Program, options: SimulationOptions): Promise<Outcome> {
  const outcome: Outcome = { passed: 0, failed: new Map(), digests: [] };
  const main = async (world: World): Promise<void> => {
    world.host('server', () => program.serve());
    let round = 0;
    world.host('client', async () => {
      while (round < ROUNDS) {
        round += 1;
        try {
          await asyncio.timeout(20, () => program.use(round));
          outcome.passed += 1;
        } catch (error) {
          if (error instanceof WrongAnswer || !asyncio.isException(error)) throw error;
          const { name } = error as Error;
          outcome.failed.set(name, (outcome.failed.get(name) ?? 0) + 1);
          await asyncio.sleep(0.5);
        }
      }
    });
    await world.eventually(() => round === ROUNDS, 3600, 'all rounds');
  };
  const onRun = ({ digest }: { digest: string }): void => void outcome.digests.push(digest);
  await simulate(main, { faults: 'hell', patch: true, onRun, ...options });
  return outcome;
}
