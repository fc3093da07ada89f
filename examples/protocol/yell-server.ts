/** A server on a protocol: what a client says, it yells back. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 1234);

class YellServer extends asyncio.Protocol {
  #transport: asyncio.Transport | undefined;

  override connectionMade(transport: asyncio.Transport): void {
    this.#transport = transport;
    console.log(`Connection received from: ${transport.getExtraInfo('peername')}`);
  }

  override dataReceived(data: Uint8Array): void {
    this.#transport?.write(Buffer.from(data.toString().toUpperCase()));
  }

  override connectionLost(): void {
    console.log('Client disconnected');
  }
}

const loop = asyncio.newEventLoop();
const server = await loop.runUntilComplete(
  loop.createServer(() => new YellServer(), '127.0.0.1', PORT),
);
try {
  await loop.runForever();
} finally {
  server.close();
  loop.close();
}
