/** A client of the yelling server. It repeats its message after each answer. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 1234);

class TalkingClient extends asyncio.Protocol {
  readonly #loop: asyncio.Loop;
  #transport: asyncio.Transport | undefined;

  constructor(loop: asyncio.Loop) {
    super();
    this.#loop = loop;
  }

  override connectionMade(transport: asyncio.Transport): void {
    this.#transport = transport;
    this.#talk();
  }

  override dataReceived(): void {
    this.#talk();
  }

  override connectionLost(): void {
    this.#loop.stop();
  }

  #talk(): void {
    this.#transport?.write(Buffer.from('Hello World!'));
  }
}

const loop = asyncio.newEventLoop();
await loop.runUntilComplete(
  loop.createConnection(() => new TalkingClient(loop), '127.0.0.1', PORT),
);
try {
  await loop.runForever();
} finally {
  loop.close();
}
