/**
 * A counter on one host, and a client on another that adds to it. If the client gets no answer, it tries again.
 * So no addition is lost, but one may be counted twice. The simulation finds out when.
 */
import * as asyncio from 'asyncio-ts';
import { SimulationError, simulate, type World } from 'asyncio-ts/testing';

const ADDITIONS = 20;

/** Adds one for each line, and replies with the sum. */
async function serve(counter: { sum: number }): Promise<void> {
  const answer = async (reader: asyncio.StreamReader, writer: asyncio.StreamWriter) => {
    try {
      for await (const _line of reader) {
        counter.sum += 1;
        writer.write(`${counter.sum}\n`);
        await writer.drain();
      }
    } finally {
      writer.close();
    }
  };
  await using server = await asyncio.startServer(answer, '0.0.0.0', 7000);
  await server.serveForever();
}

/** Adds one, with a new connection. */
async function add(): Promise<void> {
  const [reader, writer] = await asyncio.openConnection('counter', 7000);
  try {
    writer.write('add\n');
    if ((await reader.readline()).length === 0) throw new Error('no answer');
  } finally {
    writer.close();
  }
}

async function addAll(): Promise<void> {
  for (let n = 0; n < ADDITIONS; n += 1) {
    for (;;) {
      try {
        await asyncio.timeout(2, add);
        break;
      } catch (error) {
        if (!asyncio.isException(error)) throw error;
        await asyncio.sleep(0.5); // and try again: that is the mistake
      }
    }
    await asyncio.sleep(1);
  }
}

async function main(world: World): Promise<void> {
  const counter = { sum: 0 };
  world.host('counter', () => serve(counter));
  const client = world.host('client', addAll);
  world.always(() => counter.sum <= ADDITIONS, 'nothing is added twice');
  await world.ended(client);
}

try {
  await simulate(main, { runs: 100, faults: { latency: [0.001, 0.2], partition: 1 } });
} catch (error) {
  if (!(error instanceof SimulationError)) throw error;
  console.log(error.message);
}
