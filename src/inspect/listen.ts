import { chmodSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { isMainThread } from 'node:worker_threads';
import { fromNodeError } from '../base/errors/os-errors.ts';
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

  /** @internal @throws {OSError} when the path cannot be bound, for example because another process listens there */
  static async open(path: string): Promise<Listener> {
    const listener = new Listener(path);
    try {
      await listener.#bind();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || (await answers(path)))
        throw fromNodeError(error as NodeJS.ErrnoException);
      // Left behind by a process that has ended.
      unlinkSync(path);
      await listener.#bind();
    }
    return listener;
  }

  /** Stops listening, and removes the socket. */
  close(): void {
    this.#server.close();
    for (const client of this.#clients) client.destroy();
  }

  async #bind(): Promise<void> {
    const bound = new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.once('listening', resolve);
    });
    // It is bound in this call. Threads cannot change the mask.
    const mask = isMainThread ? process.umask(0o777 & ~MODE) : undefined;
    try {
      this.#server.listen(this.path);
    } finally {
      if (mask !== undefined) process.umask(mask);
    }
    await bound;
    if (!isMainThread) chmodSync(this.path, MODE);
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

/** Does a process listen at a path? */
async function answers(path: string): Promise<boolean> {
  const client = connect(path);
  return await new Promise<boolean>((resolve) => {
    client.once('connect', () => resolve(true));
    client.once('error', () => resolve(false));
  }).finally(() => client.destroy());
}
