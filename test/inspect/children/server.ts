import * as asyncio from '../../../src/index.ts';

const accounts = new Map(
  ['ann', 'bob', 'eve'].map((name) => [name, { lock: new asyncio.Lock(), money: 100 }]),
);

async function transfer(from: string, to: string, amount: number): Promise<void> {
  const [source, target] = [accounts.get(from), accounts.get(to)];
  if (source === undefined || target === undefined) throw new RangeError('no such account');
  await source.lock.with(async () => {
    await audit(from);
    await target.lock.with(async () => {
      source.money -= amount;
      target.money += amount;
    });
  });
}

async function audit(name: string): Promise<void> {
  await asyncio.sleep(0.01);
  console.log(`checked ${name}`);
}

async function serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter): Promise<void> {
  asyncio.currentTask()?.setName(`client-${writer.getExtraInfo('peername')?.[1]}`);
  for await (const line of reader) {
    const [from = '', to = '', amount = '0'] = line.toString().trim().split(' ');
    await transfer(from, to, Number(amount));
    writer.write('done\n');
  }
  writer.close();
}

await asyncio.run(async () => {
  const server = await asyncio.startServer(serve, '127.0.0.1', 0);
  console.log(`listening on ${server.port}`);
  await server.serveForever();
});
