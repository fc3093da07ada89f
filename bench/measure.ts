import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { endWithUs } from './children.ts';
import { errorLine } from './error-line.ts';
import type { MicroCosts, ServerFigure } from './figures.ts';
import { leave } from './leavers.ts';
import { ClientError, type LoadClient } from './load-client.ts';
import { type EchoLoad, type Load, type LoadResult, nameOf } from './loads.ts';
import { Server } from './server.ts';
import type { Command } from './subjects.ts';

/**
 * Seconds of load before each measurement. V8 compiles parts of the code again when the load changes: the number of
 * connections, or the size of messages.
 */
const WARM_UP = 1.5;

/** The load that warms up a new server: few connections, so that it is small before `idle`. */
const WARM_UP_LOAD: EchoLoad = { kind: 'echo', connections: 10, size: 1000 };

/** The maximum output of a program, in bytes: a failing one may print a lot. */
const MOST_OUTPUT = 64 * 1024 * 1024;

/** What to measure of one server, in one round. */
export interface Measurement {
  readonly name: string;
  readonly command: Command;
  readonly loads: readonly Load[];
  /** How many clients connect and disconnect before the first load. */
  readonly leavers: number;
  readonly seconds: number;
  readonly round: number;
}

/**
 * Starts a new server, and puts it under each load. A new one, because the outcome of compilation varies.
 *
 * @param say - called with the name of each load before it starts
 * @returns the figures of each load, as they become available
 * @throws {StartError} if the server does not start
 * @throws {Error} if it fails under load; the message is for the user
 * @throws {ClientError} if the client has ended
 */
export async function* measureServer(
  client: LoadClient,
  { name, command, loads, leavers, seconds, round }: Measurement,
  say: (load: string) => void,
): AsyncGenerator<ServerFigure> {
  const server = await Server.start(command);
  const { port, pid } = server;
  const run = (load: Load, warmUp: number, seconds: number): Promise<LoadResult> =>
    client.run({ port, pid, load, warmUp, seconds });
  try {
    say('warming up');
    await run(WARM_UP_LOAD, 0, WARM_UP);
    if (leavers > 0) {
      say('clients that leave');
      await leave(port, leavers);
    }
    for (const load of idleFirst(loads)) {
      say(nameOf(load));
      const result = await run(load, WARM_UP, seconds).catch(async (error: Error) => {
        if (error instanceof ClientError) throw error;
        const said = await server.errorLine();
        throw new Error([`${nameOf(load)}: ${error.message}`, said].filter(Boolean).join('; '));
      });
      yield { round, server: name, load: nameOf(load), ...result };
    }
  } finally {
    await server.stop();
  }
}

/** @throws {Error} if the program fails; the message is for the user */
export async function measureMicro({ command: [program, ...args] }: Command): Promise<MicroCosts> {
  const running = promisify(execFile)(program, args, { maxBuffer: MOST_OUTPUT });
  endWithUs(running.child);
  try {
    return JSON.parse((await running).stdout) as MicroCosts;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new Error(errorLine(stderr) ?? message);
  }
}

/** First, because memory that a server has already used would be free for idle connections. */
function idleFirst(loads: readonly Load[]): Load[] {
  const isIdle = ({ kind }: Load): boolean => kind === 'idle';
  return [...loads.filter(isIdle), ...loads.filter((load) => !isIdle(load))];
}
