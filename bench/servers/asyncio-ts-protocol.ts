/** The server under test with callbacks: what is received is written back. */
import * as asyncio from 'asyncio-ts';

const BACKLOG = 4096;

class Echo extends asyncio.Protocol {
  #transport: asyncio.Transport | undefined;

  override connectionMade(transport: asyncio.Transport): void {
    this.#transport = transport;
  }

  override dataReceived(data: Uint8Array): void {
    this.#transport?.write(data);
  }
}

await asyncio.run(
  asyncio.coroutine(async function main(): Promise<void> {
    const loop = asyncio.getRunningLoop();
    const server = await loop.createServer(() => new Echo(), '127.0.0.1', 0, { backlog: BACKLOG });
    console.log(`listening on ${server.sockets[0]?.getsockname()}`);
    await server.serveForever();
  })(),
);
