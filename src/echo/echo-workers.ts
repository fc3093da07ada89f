import { platform } from 'node:os';
import * as asyncio from '../index.ts';
import * as socket from '../socket.ts';
import { type EchoOptions, socketFor } from './echo-sock.ts';
import { Statistics } from './statistics.ts';
import { EchoWorker } from './worker.ts';
import type { Order } from './worker-program.ts';

/** Options for an echo server on several threads. */
export interface WorkersOptions
  extends Pick<EchoOptions, 'host' | 'port' | 'grace' | 'onConnection' | 'say'>,
    Pick<Order, 'style' | 'ssl'> {
  /** The number of threads, each with its own loop. */
  readonly workers: number;
  /** Called immediately when a worker fails. */
  readonly onFailure: (text: string) => void;
}

/** Workers are not supported here, or one of them failed. */
export class WorkersError extends Error {
  static {
    this.prototype.name = 'WorkersError';
  }
}

/**
 * Serves on several threads that share a port, until the task is cancelled; then stops all of them
 * gracefully, and prints their combined statistics.
 *
 * The system distributes clients by their addresses: with many clients, each worker gets a share;
 * with few, one may get all. If a worker fails, the others stop, too, as gracefully as after a
 * cancel. A second cancel ends all of them immediately.
 *
 * @throws {WorkersError} when the system or the driver cannot share a port; when a worker failed at
 *   any time
 * @throws {OSError} when it cannot listen on the address
 * @throws {CancelledError} when the task was cancelled; everything is closed
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
 * Binds the port and keeps it until the end, without listening. So all workers get the same port
 * even if any will do, and no other server shares it unnoticed, as SO_REUSEPORT would allow.
 */
function reservePort({ host, port, workers }: WorkersOptions): socket.Socket {
  const reason = whyNone();
  if (reason !== undefined)
    throw new WorkersError(`${workers} workers cannot share a port: ${reason}`);
  const reserved = socketFor({ host, driver: 'posix' });
  try {
    reserved.bind([host, port]);
    // Not before bind(), which would then allow sharing a port that is already bound.
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1);
  } catch (error) {
    reserved.close();
    throw error;
  }
  return reserved;
}

/** Why workers are not supported; `undefined` if they are. */
function whyNone(): string | undefined {
  // On other systems one socket gets all clients, or the option does not exist.
  if (platform() !== 'linux') return `only Linux distributes clients, and this is ${platform()}`;
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

/** Waits until a worker ends, or another promise settles. */
async function someEndsOr(workers: readonly EchoWorker[], other?: Promise<unknown>): Promise<void> {
  const ends: Promise<unknown>[] = workers.map(({ ended }) => ended);
  await asyncio.wrapPromise(Promise.race(other === undefined ? ends : [...ends, other]));
}

/**
 * Asks all workers to stop, and waits until they have; if cancelled in the meantime, ends them
 * immediately.
 */
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
