import { platform } from 'node:os';
import * as asyncio from '../index.ts';
import * as socket from '../socket.ts';
import { type EchoOptions, socketFor } from './echo-sock.ts';
import { Statistics } from './statistics.ts';
import { EchoWorker } from './worker.ts';
import type { Order } from './worker-program.ts';

/** How an echo server on several threads is to serve. */
export interface WorkersOptions
  extends Pick<EchoOptions, 'host' | 'port' | 'grace' | 'onConnection' | 'say'>,
    Pick<Order, 'style' | 'ssl'> {
  /** How many threads there are, each with its own loop. */
  readonly workers: number;
  /** Told of each worker that fails, at once. */
  readonly onFailure: (text: string) => void;
}

/** Workers cannot serve here, or one of them failed. */
export class WorkersError extends Error {
  static {
    this.prototype.name = 'WorkersError';
  }
}

/**
 * Serves on several threads that share a port, until the task is cancelled; then has all of them
 * stop gracefully, and says what they did together.
 *
 * The system spreads the clients by their addresses: of many, each worker gets its share; of a few,
 * one may get them all. A worker that fails ends the others, too, as gracefully as a cancel does.
 * A second cancel ends all of them at once.
 *
 * @throws {WorkersError} when the system or the driver cannot share a port; when a worker failed to
 *   start, while it served, or in stopping
 * @throws {OSError} when the address cannot be listened on
 * @throws {CancelledError} when the task was cancelled, and everything is closed
 */
export const serveEchoWithWorkers: asyncio.CoroutineFunction<unknown, [WorkersOptions], void> =
  asyncio.coroutine(async function serveEchoWithWorkers(options: WorkersOptions): Promise<void> {
    const loop = asyncio.getRunningLoop();
    const begin = loop.time();
    const reserved = reservePort(options);
    const workers: EchoWorker[] = [];
    let served = false;
    try {
      const address = reserved.getsockname() as socket.InetAddress;
      for (let number = 1; number <= options.workers; number += 1)
        workers.push(new EchoWorker(number, { ...options, port: address[1] }));
      await someEndsOr(workers, Promise.all(workers.map(({ listening }) => listening)));
      served = workers.every(({ hasEnded }) => !hasEnded);
      if (served)
        options.say(`listening on ${address} with ${options.workers} workers; Ctrl-C stops`);
      await someEndsOr(workers);
    } finally {
      reserved.close();
      await stopAll(workers);
      if (served) options.say(together(workers, begin).summary(loop.time()));
      complainOfFailures(workers);
    }
  });

/**
 * Binds the port, and keeps it until the end without listening there: so the workers get one port
 * even if any will do, and nobody else's server shares it unnoticed, as SO_REUSEPORT would allow.
 */
function reservePort({ host, port, workers }: WorkersOptions): socket.Socket {
  const reason = whyNone();
  if (reason !== undefined)
    throw new WorkersError(`${workers} workers cannot share a port: ${reason}`);
  const reserved = socketFor({ host, driver: 'posix' });
  try {
    reserved.bind([host, port]);
    // Not before bind(): that would let in what is bound already.
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1);
  } catch (error) {
    reserved.close();
    throw error;
  }
  return reserved;
}

/** Why there can be no workers; `undefined` where there can. */
function whyNone(): string | undefined {
  // Elsewhere one socket gets all the clients, or there is no such option.
  if (platform() !== 'linux') return `only Linux spreads the clients, this is ${platform()}`;
  const forced = process.env['ASYNCIO_SOCKETS'] || 'posix';
  if (forced !== 'posix') return `only the posix driver can, and ASYNCIO_SOCKETS is '${forced}'`;
  try {
    socketFor({ host: '', driver: 'posix' }).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof asyncio.RuntimeError)) throw error;
    return error.message;
  }
}

/** Waits until a worker ends, or until something else. */
async function someEndsOr(workers: readonly EchoWorker[], other?: Promise<unknown>): Promise<void> {
  const ends: Promise<unknown>[] = workers.map(({ ended }) => ended);
  await asyncio.wrapPromise(Promise.race(other === undefined ? ends : [...ends, other]));
}

/** Has all workers stop, and waits until they have; cancelled meanwhile, it ends them at once. */
async function stopAll(workers: readonly EchoWorker[]): Promise<void> {
  const ended = Promise.all(workers.map(({ ended }) => ended));
  for (const worker of workers) worker.stop();
  try {
    await asyncio.wrapPromise(ended);
  } catch (error) {
    for (const worker of workers) worker.terminate();
    await ended;
    throw error;
  }
}

function together(workers: readonly EchoWorker[], begin: number): Statistics {
  const sum = new Statistics(begin);
  for (const { statistics } of workers) sum.add(statistics);
  return sum;
}

function complainOfFailures(workers: readonly EchoWorker[]): void {
  const failed = workers.filter((worker) => worker.failed).length;
  if (failed > 0) throw new WorkersError(`${failed} of ${workers.length} workers failed`);
}
