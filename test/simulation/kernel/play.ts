/** What the cases of the simulated kernel share: sockets, and notes of what a program sees. */
import { getRunningLoop, sleep } from '../../../src/index.ts';
import type { Socket } from '../../../src/socket.ts';
import * as socket from '../../../src/socket.ts';

/** What a case sees, in order. */
export type Seen = string[];

/** The tools of a case. */
export class Play {
  readonly seen: Seen = [];
  readonly #driver: 'posix' | undefined;
  readonly #open: Socket[] = [];

  readonly family: number;

  constructor(driver: 'posix' | undefined, family: number = socket.AF_INET) {
    this.#driver = driver;
    this.family = family;
  }

  get loopback(): string {
    return this.family === socket.AF_INET6 ? '::1' : '127.0.0.1';
  }

  socket(type: number = socket.SOCK_STREAM): Socket {
    const made = socket.socket(this.family, type, 0, { driver: this.#driver });
    made.setblocking(false);
    this.#open.push(made);
    return made;
  }

  listener(backlog = 10): Socket {
    const made = this.socket();
    made.bind([this.loopback, 0]);
    made.listen(backlog);
    return made;
  }

  /** A client and a server that are connected. */
  async pair(listener = this.listener()): Promise<[client: Socket, server: Socket]> {
    const client = this.socket();
    const loop = getRunningLoop();
    await loop.sockConnect(client, listener.getsockname());
    const [server] = await loop.sockAccept(listener);
    this.keep(server);
    return [client, server];
  }

  /** Notes the outcome of an operation: what it gives, or the error's code. */
  async note(what: string, operation: () => unknown): Promise<void> {
    let outcome: unknown;
    try {
      outcome = await operation();
    } catch (error) {
      outcome = (error as { code?: string }).code ?? `${error}`;
    }
    if (outcome instanceof Uint8Array) outcome = `'${Buffer.from(outcome)}'`;
    this.seen.push(`${what}: ${outcome}`);
  }

  /** Closes a socket at the end. */
  keep(sock: Socket): void {
    this.#open.push(sock);
  }

  close(): void {
    for (const each of this.#open) each.close();
  }
}

/** What is on its way has arrived then, on either. */
export const arrival = async (): Promise<void> => {
  await sleep(0.02);
};

export const linger = (sock: Socket): void => {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32LE(1, 0);
  sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes);
};

export const send = (sock: Socket, text: string): Promise<void> =>
  getRunningLoop().sockSendall(sock, Buffer.from(text));
export const receive = (sock: Socket): Promise<Uint8Array> => getRunningLoop().sockRecv(sock, 100);

/** A case: what a program does, and what it notes. */
export type Case<P> = readonly [name: string, play: (play: P) => Promise<void>];

/** The end of the name of a case. */
export const withFamily = (family: number): string =>
  family === socket.AF_INET6 ? ', over IPv6' : '';
