/** A server with a protocol, which sends back what it receives in upper case. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 1234);

/** Like Python's `bytes.upper()`, converts only ASCII letters. */
const upper = (byte: number): number => (byte >= 97 && byte <= 122 ? byte - 32 : byte);

class YellServer extends asyncio.Protocol {
  #transport: asyncio.Transport | undefined;

  override connectionMade(transport: asyncio.Transport): void {
    this.#transport = transport;
    console.log(`Connection received from: ${transport.getExtraInfo('peername')}`);
  }

  override dataReceived(data: Uint8Array): void {
    this.#transport?.write(data.map(upper));
  }

  // Stops reading from a client that does not read, because the replies would pile up.
  override pauseWriting(): void {
    this.#transport?.pauseReading();
  }

  override resumeWriting(): void {
    this.#transport?.resumeReading();
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
