/** A graceful shutdown: accepts no new clients, and gives the others five seconds to finish. */
import * as asyncio from 'asyncio-ts';

async function serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter): Promise<void> {
  for await (const line of reader) {
    await asyncio.sleep(0.2);
    writer.write(line);
  }
  writer.close();
}

async function main(): Promise<void> {
  const stop = new asyncio.Event();
  const loop = asyncio.getRunningLoop();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    loop.addSignalHandler(signal, () => stop.set());

  const port = Number(process.env['PORT'] ?? 8888);
  const server = await asyncio.startServer(serve, '127.0.0.1', port);
  console.log(`listening on port ${server.port}`);

  await stop.wait();
  console.log('stopping');
  server.close();
  const { expired } = await asyncio.moveOnAfter(5, () => server.waitClosed());
  if (expired) server.abortClients();
  console.log('stopped');
}

await asyncio.run(main);
