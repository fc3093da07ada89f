/**
 * What the cases of faults are played with: once on simulated hosts, and once on real sockets in a network
 * namespace, where faults can be made without harm to anybody.
 */
import { getRunningLoop } from '../../../src/index.ts';
import type { Socket } from '../../../src/socket.ts';
import * as socket from '../../../src/socket.ts';
import { Play } from './play.ts';

/** The addresses of one kind: of the hosts, and one of no host, in the network of the two. */
interface Addresses {
  readonly client: string;
  readonly server: string;
  readonly nobody: string;
}

export const IPV4: Addresses = { client: '10.0.0.3', server: '10.0.0.2', nobody: '10.0.9.9' };
export const IPV6: Addresses = { client: 'fd00::3', server: 'fd00::2', nobody: 'fd00::99' };

/** What each case is played over. */
export const FAMILIES: readonly number[] = [socket.AF_INET, socket.AF_INET6];

/** The port on which the peer's program sends back what comes. */
export const ECHO = 7;

/** A client and a server, each with an address of its own, and what can happen to them. */
export abstract class FaultPlay extends Play {
  get addresses(): Addresses {
    return this.family === socket.AF_INET6 ? IPV6 : IPV4;
  }

  /** How many bytes are more than the buffers of a connection take. */
  abstract readonly flood: number;

  /** Makes a socket of the server. */
  protected abstract atServer<T>(make: () => T): Promise<T>;

  /** Loses all packets. */
  abstract part(): void;
  abstract heal(): void;

  /** Has a connection give up soon, where that would take minutes of real time. */
  abstract giveUpSoon(sock: Socket): void;

  /** The server loses its power, and is back at once: it knows nothing of its connections. */
  abstract loseConnections(...all: Socket[]): Promise<void>;

  /** Stops the peer's program, without a word to its system; and lets it go on. */
  abstract freeze(): void;
  abstract thaw(): Promise<void>;

  /** Kills the peer's program. */
  abstract kill(): Promise<void>;

  /** A socket that listens on the server. */
  async serve(backlog = 10): Promise<Socket> {
    return await this.atServer(() => {
      const made = this.socket();
      made.bind([this.addresses.server, 0]);
      made.listen(backlog);
      return made;
    });
  }

  /** A socket of the client that is connected with one of the server. */
  override async pair(): Promise<[client: Socket, server: Socket]> {
    return await super.pair(await this.serve());
  }

  /** A socket that is connected with the peer's program. */
  async toPeer(): Promise<Socket> {
    const client = this.socket();
    await getRunningLoop().sockConnect(client, [this.addresses.server, ECHO]);
    return client;
  }
}
