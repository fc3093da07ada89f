/** A server on a protocol: what a client says, it yells back. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 1234);

/** As Python's `bytes.upper()`: only the letters of ASCII. */
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

  // A client that does not read is not read from: what is yelled back would pile up.
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
