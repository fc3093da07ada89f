/** The yelling server with statistics, which it prints at the end. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 1234);

/** Like Python's `bytes.upper()`, converts only ASCII letters. */
const upper = (byte: number): number => (byte >= 97 && byte <= 122 ? byte - 32 : byte);

class YellServer extends asyncio.Protocol {
  static connections = 0;
  static messages = 0;
  static startedAt = performance.now();

  #transport: asyncio.Transport | undefined;

  constructor() {
    super();
    YellServer.startedAt = performance.now();
  }

  override connectionMade(transport: asyncio.Transport): void {
    this.#transport = transport;
    YellServer.connections += 1;
  }

  override dataReceived(data: Uint8Array): void {
    this.#transport?.write(data.map(upper));
    YellServer.messages += 1;
  }

  // Stops reading from a client that does not read, because the replies would pile up.
  override pauseWriting(): void {
    this.#transport?.pauseReading();
  }

  override resumeWriting(): void {
    this.#transport?.resumeReading();
  }
}

const loop = asyncio.newEventLoop();
const server = await loop.runUntilComplete(
  loop.createServer(() => new YellServer(), '127.0.0.1', PORT),
);
try {
  await loop.runForever();
} catch (error) {
  if (!(error instanceof asyncio.KeyboardInterrupt)) throw error;
} finally {
  server.close();
  loop.close();
}

const { connections, messages, startedAt } = YellServer;
const seconds = (performance.now() - startedAt) / 1000;
console.log(`Server ran for: ${seconds.toFixed(2)} seconds`);
console.log(`Connections: ${connections}`);
console.log(`Messages sent: ${messages}`);
console.log(`Messages per second: ${(messages / seconds).toFixed(2)}`);
