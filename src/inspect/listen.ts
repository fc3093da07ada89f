import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { isMainThread } from 'node:worker_threads';
import { fromNodeError, osError } from '../base/errors/os-errors.ts';
import { repr } from '../base/printing/repr.ts';
import { checkAddress } from '../sock/addresses/address.ts';
import { AF_UNIX } from '../sock/constants/constants.ts';
import { answer } from './answer.ts';

/** Only its own user may connect. */
const MODE = 0o600;

/** Answers requests about this thread on a Unix socket, until it is closed. */
export class Listener {
  /** The path at which it listens. */
  readonly path: string;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  private constructor(path: string) {
    this.path = path;
    this.#server = createServer((client) => this.#serve(client));
    this.#server.unref();
  }

  /** @internal @throws {OSError} when the path is too long or in use, or cannot be bound for another reason */
  static async open(path: string): Promise<Listener> {
    const listener = new Listener(path);
    // Otherwise a number would be a port, and a name might be abstract: any user could connect.
    const address = path.startsWith('/') ? path : `./${path}`;
    checkAddress(AF_UNIX, address, 'listen');
    try {
      await listener.#bind(address);
    } catch (error) {
      const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!inUse) throw fromNodeError(error as NodeJS.ErrnoException);
      if (!(await isLeft(address))) {
        const strerror = `Address ${repr(path)} is already in use`;
        throw osError('EADDRINUSE', 'bind', { strerror });
      }
      unlinkSync(address);
      await listener.#bind(address);
    }
    return listener;
  }

  /** Stops listening, and removes the socket. */
  close(): void {
    this.#server.close();
    for (const client of this.#clients) client.destroy();
  }

  async #bind(path: string): Promise<void> {
    const bound = new Promise<void>((resolve, reject) => {
      // Later errors are about connections that cannot be accepted.
      this.#server.on('error', reject);
      this.#server.once('listening', resolve);
    });
    // It is bound in this call. Threads cannot change the mask.
    const mask = isMainThread ? process.umask(0o777 & ~MODE) : undefined;
    try {
      // Otherwise, the primary process of a cluster would bind it, for all its workers.
      this.#server.listen({ path, exclusive: true });
    } finally {
      if (mask !== undefined) process.umask(mask);
    }
    await bound;
    if (!isMainThread) chmodSync(path, MODE);
  }

  #serve(client: Socket): void {
    this.#clients.add(client);
    client.unref();
    client.on('error', () => {});
    client.once('close', () => this.#clients.delete(client));
    createInterface(client).on('line', (question) => {
      answer(question).then(
        (text) => client.write(`${JSON.stringify({ text })}\n`),
        (error: unknown) => client.write(`${JSON.stringify({ error: String(error) })}\n`),
      );
    });
  }
}

/** Is there a socket at a path on which no process listens any more? */
async function isLeft(path: string): Promise<boolean> {
  const client = connect({ path });
  const isRefused = await new Promise<boolean>((resolve) => {
    client.once('connect', () => resolve(false));
    client.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  }).finally(() => client.destroy());
  // A file refuses, too.
  return isRefused && lstatSync(path).isSocket();
}
