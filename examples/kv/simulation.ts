/** Three nodes and three clients on a network that fails: what clients see must be linearizable. */
import * as asyncio from 'asyncio-ts';
import {
  type RegisterCall,
  register,
  type SimulationOptions,
  simulate,
  type World,
} from 'asyncio-ts/testing';
import { Client } from './client.ts';
import { type Disk, type Mistakes, Node } from './node.ts';

type Call = RegisterCall<string | null>;

const NODES = ['a:7000', 'b:7000', 'c:7000'];
const CLIENTS = ['x', 'y', 'z'];
const OPERATIONS = 20;
const KEYS = ['one', 'two'];

/** The first seeds that find the bugs. */
export const SEEDS: Readonly<Record<keyof Mistakes, number>> = {
  staleRead: 79,
  lostWrite: 1,
  shortTimeout: 223,
};

/** Runs the store for some seeds. */
export async function simulateStore(mistakes: Mistakes, options: SimulationOptions): Promise<void> {
  await simulate((world) => main(world, mistakes), { faults: 'hell', patch: true, ...options });
}

async function main(world: World, mistakes: Mistakes): Promise<void> {
  for (const address of NODES) {
    // It outlives a crash.
    const disk: Disk = { term: 0, votedFor: undefined, log: [], save() {} };
    const peers = NODES.filter((other) => other !== address);
    const name = address.split(':')[0] as string;
    world.host(name, () => new Node({ address, peers, disk, mistakes }).run());
  }
  const history = world.history(register<string | null>(null));
  let left = CLIENTS.length * OPERATIONS;
  for (const name of CLIENTS)
    world.host(name, async () => {
      const client = new Client(NODES);
      try {
        for (; left > 0; left -= 1) {
          await asyncio.sleep(world.random());
          await operate(world, history, client, `${name}${left}`);
        }
      } finally {
        client.close();
      }
    });
  const partitions = asyncio.createTask(() => isolate(world));
  await world.eventually(() => left <= 0, 3600, 'the end of all operations');
  partitions.cancel();
}

/** Partitions one node after another from the others, but not from the clients. */
async function isolate(world: World): Promise<void> {
  const names = NODES.map((address) => address.split(':')[0] as string);
  for (;;) {
    const one = names[Math.floor(world.random() * names.length)] as string;
    const others = names.filter((other) => other !== one);
    await asyncio.sleep(10 * world.random());
    for (const other of others) world.partition(one, other);
    await asyncio.sleep(20 * world.random());
    for (const other of others) world.heal(one, other);
  }
}

/** Runs a random operation, determined by the seed. */
async function operate(
  world: World,
  history: ReturnType<typeof world.history<string | null, Call>>,
  client: Client,
  value: string,
): Promise<void> {
  const key = KEYS[Math.floor(world.random() * KEYS.length)] as string;
  const kind = world.random();
  try {
    if (kind < 0.5) await history.record(key, { op: 'read' }, () => client.get(key));
    else if (kind < 0.8)
      await history.record(key, { op: 'write', value }, () => client.put(key, value));
    else {
      const from = await history.record(key, { op: 'read' }, () => client.get(key));
      const call: Call = { op: 'swap', from, value };
      await history.record(key, call, () => client.swap(key, from, value));
    }
  } catch (error) {
    // Its outcome is unknown.
    if (!(error instanceof asyncio.TimeoutError)) throw error;
  }
}
