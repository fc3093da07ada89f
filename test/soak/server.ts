/**
 * The server of a soak: the echo server of the command, by TCP, IPv6 and TLS, and one on a unix path;
 * and a task that cancels those of its clients at random. Says where it listens, and then each second how
 * many tasks there are and how many it has cancelled.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { selfSigned } from '../../src/echo/certificate.ts';
import { type EchoOptions, PIECE } from '../../src/echo/echo-sock.ts';
import { Statistics } from '../../src/echo/statistics.ts';
import { STYLES, type Style } from '../../src/echo/styles.ts';
import * as asyncio from '../../src/index.ts';
import type { Address, InetAddress } from '../../src/socket.ts';

/** Cancels per second. */
const CANCELS = 10;

/** What a client that resets makes the server say, wherever it then is. */
const EXPECTED = /: (ConnectionResetError|BrokenPipeError): /;

const deadline = Number(process.argv[2]);
const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-soak-'));
let cancelled = 0;

const cancels = asyncio.coroutine(async function cancels(): Promise<never> {
  while (true) {
    await asyncio.sleep(1 / CANCELS);
    const serving = [...asyncio.allTasks()].filter((task) => /serveClient\(\)/.test(String(task)));
    const one = serving[Math.floor(Math.random() * serving.length)];
    if (one?.cancel()) cancelled += 1;
  }
});

const reports = asyncio.coroutine(async function reports(): Promise<never> {
  while (true) {
    console.log(JSON.stringify({ tasks: asyncio.allTasks().size, cancelled }));
    await asyncio.sleep(1);
  }
});

function say(line: string): void {
  if (!line.startsWith('closing') && !EXPECTED.test(line)) console.error(line);
}

/** Serves at a port of a host, until it is cancelled. */
function serve(
  name: string,
  style: Style,
  options: Pick<EchoOptions, 'host' | 'ssl'>,
): asyncio.Task<never> {
  const onListening = (address: Address): void =>
    console.log(`listening ${name}:${(address as InetAddress)[1]}`);
  const statistics = new Statistics(0);
  return asyncio.createTask(
    STYLES[style]({ ...options, port: 0, grace: 0, say, statistics, onListening }),
  );
}

const serveClient = asyncio.coroutine(async function serveClient(
  reader: asyncio.StreamReader,
  writer: asyncio.StreamWriter,
): Promise<void> {
  try {
    for (;;) {
      const data = await reader.read(PIECE);
      if (data.length === 0) return;
      writer.write(data);
      await writer.drain();
    }
  } catch (error) {
    if (asyncio.isException(error)) return say(`unix: ${error}`);
    writer.transport.abort();
    throw error;
  } finally {
    writer.close();
  }
});

const serveOnPath = asyncio.coroutine(async function serveOnPath(): Promise<void> {
  const at = path.join(folder, 'echo');
  await using server = await asyncio.startUnixServer(serveClient, at);
  console.log(`listening unix:${at}`);
  await server.serveForever();
});

await asyncio.run(async () => {
  const loop = asyncio.getRunningLoop();
  const servers = [
    serve('tcp', 'sock', { host: '127.0.0.1' }),
    serve('ipv6', 'protocol', { host: '::1' }),
    serve('tls', 'streams', { host: '127.0.0.1', ssl: selfSigned(['127.0.0.1']) }),
    asyncio.createTask(serveOnPath()),
  ];
  const beside = [asyncio.createTask(cancels()), asyncio.createTask(reports())];
  const stop = (): void => {
    for (const server of servers) server.cancel();
  };
  loop.addSignalHandler('SIGTERM', stop);
  // Whoever started it may be gone.
  loop.callLater(deadline, stop);
  for (const ended of await asyncio.gather(...servers, { returnExceptions: true }))
    if (!(ended instanceof asyncio.CancelledError)) throw ended;
  for (const task of beside) task.cancel();
});
rmSync(folder, { recursive: true });
