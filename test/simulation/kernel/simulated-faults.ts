/** The cases of faults on simulated hosts. */
import { sleep, wrapPromise } from '../../../src/index.ts';
import { type SimulatedHost, simulate, type World } from '../../../src/testing.ts';
import { FaultPlay, IPV4, IPV6 } from './fault-play.ts';
import { servePeer } from './peer.ts';
import type { Case, Seen } from './play.ts';

/** How long the peer is frozen, in seconds. */
const FREEZE = 0.5;

class SimulatedFaults extends FaultPlay {
  override readonly flood: number = 1024 * 1024;
  readonly #world: World;
  readonly #server: SimulatedHost;

  constructor(world: World, server: SimulatedHost, family: number) {
    super(undefined, family);
    this.#world = world;
    this.#server = server;
  }

  protected override async atServer<T>(make: () => T): Promise<T> {
    return await wrapPromise(
      new Promise<T>((resolve) => {
        this.#server.loop.createTask(async () => resolve(make()));
      }),
    );
  }

  override part(): void {
    this.#world.partition('client', 'server');
  }

  override heal(): void {
    this.#world.heal('client', 'server');
  }

  override giveUpSoon(): void {}

  override async loseConnections(): Promise<void> {
    this.#server.powerOff();
    this.#server.restart();
  }

  override freeze(): void {
    this.#server.freeze(FREEZE);
  }

  override async thaw(): Promise<void> {
    await sleep(FREEZE);
  }

  override async kill(): Promise<void> {
    this.#server.crash();
  }
}

/** What a case sees on simulated hosts. */
export async function playSimulated([, play]: Case<FaultPlay>, family: number): Promise<Seen> {
  let seen: Seen = [];
  await simulate(async (world) => {
    const server = world.host('server', () => servePeer(() => {}), {
      address: IPV4.server,
      address6: IPV6.server,
    });
    const client = world.host(
      'client',
      async () => {
        const made = new SimulatedFaults(world, server, family);
        seen = made.seen;
        await sleep(0.1);
        await play(made);
        made.close();
      },
      { address: IPV4.client, address6: IPV6.client },
    );
    await world.ended(client);
  });
  return seen;
}
