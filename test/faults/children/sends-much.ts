/**
 * Sends so many megabytes to the one client that comes, no faster than the water marks let it, and
 * says what that took: how much waited to be sent at most, by how much the process grew.
 */
import { createHash } from 'node:crypto';
import * as asyncio from 'asyncio-ts';

/** Bytes that are written at a time. */
const PIECE = 65_536;
/** Megabytes after which a process has the size that it needs: from there on, growth counts. */
const WARM = 16;

const [style, megabytes] = [process.argv[2], Number(process.argv[3])];
const pieces = Math.ceil((megabytes * 1e6) / PIECE);
const hash = createHash('sha256');
const most = { waiting: 0, size: 0 };
let sent = 0;
let warm = 0;

/** Each is another, so that one that is lost, twice or changed is seen. */
function next(): Uint8Array {
  const piece = Buffer.alloc(PIECE, `${sent} pieces before this one; `);
  hash.update(piece);
  sent += 1;
  return piece;
}

function look(transport: asyncio.Transport): void {
  most.waiting = Math.max(most.waiting, transport.getWriteBufferSize());
  if (sent % 16 !== 0) return;
  const { rss } = process.memoryUsage();
  if (sent * PIECE < WARM * 1e6) warm = Math.max(warm, rss);
  most.size = Math.max(most.size, rss);
}

function tell(transport: asyncio.Transport): void {
  const [, high] = transport.getWriteBufferLimits();
  const { waiting } = most;
  const grown = most.size - warm;
  console.log(JSON.stringify({ waiting, high, grown, digest: hash.digest('hex') }));
}

/** As streams do it: write, drain. */
async function withStreams(ended: asyncio.Future<void>): Promise<asyncio.Server> {
  return await asyncio.startServer(
    async (_reader, writer) => {
      while (sent < pieces) {
        writer.write(next());
        look(writer.transport);
        await writer.drain();
      }
      tell(writer.transport);
      writer.close();
      await writer.waitClosed();
      ended.setResult();
    },
    '127.0.0.1',
    0,
  );
}

/** As protocols do it: write until told to pause, and again when told to go on. */
class Sender extends asyncio.Protocol {
  readonly #ended: asyncio.Future<void>;
  #transport: asyncio.Transport | undefined;
  #isPaused = false;

  constructor(ended: asyncio.Future<void>) {
    super();
    this.#ended = ended;
  }

  override connectionMade(transport: asyncio.Transport): void {
    this.#transport = transport;
    this.#send(transport);
  }

  override pauseWriting(): void {
    this.#isPaused = true;
  }

  override resumeWriting(): void {
    this.#isPaused = false;
    if (this.#transport !== undefined) this.#send(this.#transport);
  }

  override connectionLost(error?: unknown): void {
    if (error === undefined) this.#ended.setResult();
    else this.#ended.setException(error as Error);
  }

  #send(transport: asyncio.Transport): void {
    while (!this.#isPaused && sent < pieces) {
      transport.write(next());
      look(transport);
    }
    if (sent < pieces || transport.isClosing()) return;
    tell(transport);
    transport.close();
  }
}

await asyncio.run(async () => {
  const loop = asyncio.getRunningLoop();
  const ended = loop.createFuture<void>();
  const server =
    style === 'streams'
      ? await withStreams(ended)
      : await loop.createServer(() => new Sender(ended), '127.0.0.1', 0);
  console.log(`listening on ${server.sockets[0]?.getsockname()}`);
  await ended;
  server.close();
});
