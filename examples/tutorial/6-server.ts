/** A chat server. Try it: nc 127.0.0.1 8888, in two terminals. */
import * as asyncio from 'asyncio-ts';

const clients = new Set<asyncio.StreamWriter>();

function say(line: string): void {
  for (const client of clients) client.write(`${line}\n`);
}

async function serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter): Promise<void> {
  writer.write('Your name? ');
  const name = `${await reader.readline()}`.trim();
  if (name === '') return;
  clients.add(writer);
  say(`${name} joins`);
  try {
    for await (const line of reader) say(`${name}: ${`${line}`.trim()}`);
  } finally {
    clients.delete(writer);
    say(`${name} leaves`);
    writer.close();
  }
}

async function main(): Promise<void> {
  const port = Number(process.env['PORT'] ?? 8888);
  await using server = await asyncio.startServer(serve, '127.0.0.1', port);
  console.log(`listening on port ${server.port}`);
  await server.serveForever();
}

await asyncio.run(main);
