/**
 * The server of a soak: the echo server of the command, by TCP, IPv6 and TLS, and one on a unix path;
 * and a task that cancels those of its clients at random. Says where it listens, and then each second how
 * many tasks there are and how many it has cancelled. At SIGUSR2 it collects what is garbage, and says how
 * much memory is left in use.
 *
 * Arguments: seconds until it ends by itself; and what it is to lose with each client of the path, one of
 * `descriptor`, `task`, `object` and `buffer`, to see that it is found.
 */
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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
const planted = process.argv[3];
/** What was lost on purpose. */
const lost: unknown[] = [];
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

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The fields of `struct mallinfo2`: `uordblks` and `hblkhd` are in use. */
const MALLINFO = [
  'arena',
  'ordblks',
  'smblks',
  'hblks',
  'hblkhd',
  'usmblks',
  'fsmblks',
  'uordblks',
  'fordblks',
  'keepcost',
];

/** Bytes that `malloc()` has given out; what Node knows of them, where the C library does not tell. */
const allocated = ((): (() => number) => {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    koffi.struct('mallinfo2', Object.fromEntries(MALLINFO.map((field) => [field, 'size_t'])));
    const mallinfo2 = koffi.load(null).func('mallinfo2 mallinfo2()');
    return () => {
      const { uordblks, hblkhd } = mallinfo2() as { uordblks: number; hblkhd: number };
      return uordblks + hblkhd;
    };
  } catch {
    return () => process.memoryUsage().external;
  }
})();

/** Collects garbage, and says how much is in use then. */
async function measure(): Promise<void> {
  for (let n = 0; n < 3; n += 1) {
    collect();
    // What is told of the collected runs, and lets go of more.
    await new Promise<void>((resolve) => setTimeout(resolve, 20));
  }
  console.log(`in use ${process.memoryUsage().heapUsed + allocated()}`);
}

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

function lose(): void {
  if (planted === 'descriptor') openSync('/dev/null', 'r');
  else if (planted === 'task') asyncio.createTask(() => new asyncio.Future<void>());
  else if (planted === 'object') lost.push(Array.from({ length: 125 }, (_, n) => n + 0.5));
  else if (planted === 'buffer') lost.push(Buffer.alloc(1000));
}

const serveClient = asyncio.coroutine(async function serveClient(
  reader: asyncio.StreamReader,
  writer: asyncio.StreamWriter,
): Promise<void> {
  lose();
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
  loop.addSignalHandler('SIGUSR2', () => void measure());
  // Whoever started it may be gone.
  loop.callLater(deadline, stop);
  for (const ended of await asyncio.gather(...servers, { returnExceptions: true }))
    if (!(ended instanceof asyncio.CancelledError)) throw ended;
  for (const task of beside) task.cancel();
});
rmSync(folder, { recursive: true });
