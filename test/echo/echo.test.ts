import * as assert from 'uvu/assert';
import { serveEchoOnProtocols } from '../../src/echo/echo-protocol.ts';
import { type EchoOptions, reset as resetTransport, serveEcho } from '../../src/echo/echo-sock.ts';
import { serveEchoOnStreams } from '../../src/echo/echo-streams.ts';
import { Statistics } from '../../src/echo/statistics.ts';
import {
  allTasks,
  CancelledError,
  ConnectionError,
  ConnectionRefusedError,
  createTask,
  getRunningLoop,
  type Loop,
  OSError,
  Protocol,
  sleep,
} from '../../src/index.ts';
import { IPPROTO_TCP, SO_LINGER, SOL_SOCKET, type Socket, TCP_NODELAY } from '../../src/socket.ts';
import { DRIVERS, type DriverCase, listening, stream } from '../support/drivers.ts';
import { type LoopIt, type LoopOptions, loopBehaviour, settle } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { socketsOn } from '../support/transports.ts';

/** One way to write the server, on one driver. */
interface Style extends DriverCase {
  readonly serve: typeof serveEcho;
  /** Tasks that serve one client. */
  readonly tasks: number;
}

const STYLES = [
  { serve: serveEcho, tasks: 1 },
  { serve: serveEchoOnStreams, tasks: 1 },
  { serve: serveEchoOnProtocols, tasks: 0 },
];

/** A server that runs, as a test sees it. */
interface Serving {
  readonly port: number;
  /** What it has said. */
  readonly said: readonly string[];
  /** A client that is connected; closed when the test ends. */
  client(): Promise<Socket>;
  /** Asks it to stop. */
  cancel(): void;
  /** Asks it to stop, and waits until it has. */
  stop(): Promise<void>;
}

/** Serves on one driver while `use` runs. */
async function serving(
  { name: driver, serve }: Style,
  options: Partial<EchoOptions>,
  use: (server: Serving) => Promise<unknown>,
): Promise<void> {
  const loop = getRunningLoop();
  const said: string[] = [];
  const clients: Socket[] = [];
  const host = options.host ?? '127.0.0.1';
  const say = (line: string): void => void said.push(line);
  const task = createTask(serve({ port: 0, grace: 0, driver, say, ...options, host }));
  await until(loop, () => said.length > 0 || task.done());
  const port = Number(/, (\d+)/.exec(said[0] ?? '')?.[1]);
  try {
    await use({
      port,
      said,
      client: async () => {
        const client = stream(driver);
        clients.push(client);
        await loop.sockConnect(client, [host, port]);
        return client;
      },
      cancel: () => void task.cancel(),
      stop: async () => {
        task.cancel();
        await rejects(task, CancelledError);
      },
    });
  } finally {
    for (const client of clients) client.close();
    task.cancel();
    await Promise.allSettled([task]);
  }
}

/** Receives `nbytes` bytes, or what there is until the end. */
async function receive(client: Socket, nbytes = Infinity): Promise<Buffer> {
  const loop = getRunningLoop();
  const pieces: Uint8Array[] = [];
  for (let size = 0; size < nbytes; ) {
    const piece = await loop.sockRecv(client, Math.min(nbytes - size, 65_536));
    if (piece.length === 0) break;
    pieces.push(piece);
    size += piece.length;
  }
  return Buffer.concat(pieces);
}

/** Sends, and receives as much. */
async function converse(loop: Loop, client: Socket, text: string): Promise<void> {
  await loop.sockSendall(client, Buffer.from(text));
  assert.is(String(await receive(client, text.length)), text);
}

/** Turns until `done`; real sockets need time, which turns take. */
async function until(loop: Loop, done: () => boolean): Promise<void> {
  while (!done()) await settle(loop, 1);
}

/** What `Socket` of the memory driver cannot tell: how the own address prints. */
const addressOf = (client: Socket): string => String(client.getsockname());

/** Resets the connection. */
function reset(client: Socket): void {
  client.setsockopt(SOL_SOCKET, SO_LINGER, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  client.close();
}

function onEachDriver(
  subject: string,
  declare: (it: LoopIt, driver: Style, options: LoopOptions) => void,
): void {
  for (const style of STYLES)
    for (const driver of DRIVERS)
      loopBehaviour(`${style.serve.name}${subject} (${driver.name})`, (it) =>
        declare(it, { ...driver, ...style }, { clock: driver.real ? 'real' : 'virtual' }),
      );
}

onEachDriver('', (it, driver, options) => {
  it(
    'echoes what a client sends',
    (loop) =>
      serving(driver, {}, async ({ client }) => {
        const one = await client();

        await converse(loop, one, 'hello');
        await converse(loop, one, 'boom\r\n');
      }),
    options,
  );

  it(
    'echoes bytes of every value',
    (loop) =>
      serving(driver, {}, async ({ client }) => {
        const one = await client();
        const data = Buffer.from(Array.from({ length: 1024 }, (_, n) => n % 256));

        await loop.sockSendall(one, data);

        assert.equal(await receive(one, data.length), data);
      }),
    options,
  );

  it(
    'echoes 10 MB as they arrive',
    (loop) =>
      serving(driver, {}, async ({ client }) => {
        const one = await client();
        const data = Buffer.alloc(10_000_000, 'ten million bytes ');

        const sent = createTask(() => loop.sockSendall(one, data));
        const received = await receive(one, data.length);
        await sent;

        assert.ok(received.equals(data));
      }),
    { ...options, seconds: 20 },
  );

  it(
    'echoes what arrives one byte at a time',
    (loop) =>
      serving(driver, {}, async ({ client }) => {
        const one = await client();

        for (const letter of 'one byte at a time') await converse(loop, one, letter);
      }),
    options,
  );

  it(
    'echoes everything to a client that has finished sending, then closes',
    (loop) =>
      serving(driver, {}, async ({ client }) => {
        const one = await client();
        const data = Buffer.alloc(100_000, 'x');

        await loop.sockSendall(one, data);
        one.shutdown(1);

        assert.is((await receive(one)).length, data.length);
      }),
    options,
  );

  it(
    'serves a hundred clients at the same time',
    (loop) =>
      serving(driver, {}, async ({ client }) => {
        const clients = await Promise.all(Array.from({ length: 100 }, client));

        await Promise.all(clients.map((one, n) => converse(loop, one, `hello from ${n}`)));
        await Promise.all(clients.map((one, n) => converse(loop, one, `again from ${n}`)));
      }),
    options,
  );

  it(
    'reports each connection to a callback',
    (loop) =>
      serving(driver, { onConnection: (line) => lines.push(line) }, async ({ client, said }) => {
        const one = await client();
        await converse(loop, one, 'x');

        assert.equal(lines.splice(0), [`got a connection from ${addressOf(one)}`]);
        assert.is(said.length, 1);
      }),
    options,
  );
  const lines: string[] = [];

  it(
    'names the client whose connection failed, and serves the others',
    (loop) =>
      serving(driver, {}, async ({ client, said }) => {
        const [one, other] = [await client(), await client()];
        await converse(loop, one, 'x');
        const address = addressOf(one);

        reset(one);
        await until(loop, () => said.length > 1);

        assert.equal(said.slice(1), [
          `${address}: ConnectionResetError: [Errno 104] Connection reset by peer`,
        ]);
        await converse(loop, other, 'y');
      }),
    options,
  );

  it(
    'forgets a client that has disconnected',
    (loop) =>
      serving(driver, { grace: 1 }, async ({ client, said, stop }) => {
        const before = allTasks().size;
        const clients = await Promise.all(Array.from({ length: 10 }, client));
        await Promise.all(clients.map((one) => converse(loop, one, 'x')));
        assert.is(allTasks().size, before + 10 * driver.tasks);

        for (const one of clients) one.close();
        await settle(loop, 20);
        await until(loop, () => allTasks().size === before);
        await stop();

        assert.match(String(said.at(-1)), /^10 connections, 10 messages, 10 bytes in /);
        assert.is(said.length, 2);
      }),
    options,
  );

  it(
    'fails if the address is in use, and leaves nothing open',
    async () => {
      const other = listening(driver.name);
      const [, port] = other.getsockname() as readonly [string, number];
      const say = (): void => assert.unreachable();

      await rejects(
        driver.serve({ host: '127.0.0.1', port, grace: 0, driver: driver.name, say }),
        OSError,
        { code: 'EADDRINUSE' },
      );
      other.close();
    },
    options,
  );
});

onEachDriver(', cancelled', (it, driver, options) => {
  it(
    'stops immediately if there are no clients',
    (_loop) =>
      serving(driver, { grace: 3600 }, async ({ said, stop }) => {
        await stop();

        assert.is(said.length, 2);
        assert.match(String(said[1]), /^0 connections, 0 messages, 0 bytes in /);
      }),
    options,
  );

  it(
    'lets a client finish its conversation',
    (loop) =>
      serving(driver, { grace: 3600 }, async ({ client, said, cancel, stop }) => {
        const one = await client();
        await converse(loop, one, 'before');

        cancel();
        await converse(loop, one, 'after');
        one.shutdown(1);
        const rest = await receive(one);
        await until(loop, () => said.length > 2);

        assert.is(rest.length, 0);
        assert.is(said[1], `stopping: waiting up to 3600 s for 1 connection: ${addressOf(one)}`);
        assert.match(String(said[2]), /^1 connection, 2 messages, 11 bytes in /);
        await stop();
      }),
    options,
  );

  it(
    'closes a client that is still connected when the grace period is over',
    (loop) =>
      serving(driver, { grace: driver.real ? 0.05 : 60 }, async ({ client, said, stop }) => {
        const one = await client();
        await converse(loop, one, 'x');
        const begin = loop.time();

        await stop();

        assert.is((await receive(one)).length, 0);
        assert.match(String(said[1]), /^stopping: waiting up to (0\.05|60) s for 1 connection: /);
        assert.is(said[2], 'closing 1 connection');
        assert.match(String(said[3]), /^1 connection, 1 message, 1 byte in /);
        if (!driver.real) assert.is(loop.time() - begin, 60);
      }),
    options,
  );

  it(
    'resets a client that is still sending when it is disconnected',
    (loop) => {
      const statistics = new Statistics(0);
      return serving(driver, { grace: 0, statistics }, async ({ client, stop }) => {
        const one = await client();
        const piece = Buffer.alloc(50_000, 'nobody reads this ');
        if (driver.real) one.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
        let sent = 0;
        // Until the server, which counts what it has sent back, counts no more.
        for (let tries = 0; tries < 60; tries += 1) {
          if (statistics.bytes === sent) {
            await loop.sockSendall(one, piece);
            sent += piece.length;
            tries = 0;
          }
          await sleep(0.001);
        }

        await stop();

        await rejects(receive(one), ConnectionError);
      });
    },
    { ...options, seconds: 20 },
  );

  it(
    'echoes what arrives while it stops, or resets',
    async (loop) => {
      for (let turns = 0; turns < 8; turns += 1)
        await serving(driver, { grace: 0 }, async ({ client, stop }) => {
          const one = await client();
          await converse(loop, one, 'one half, ');

          await loop.sockSendall(one, Buffer.from('the other'));
          await settle(loop, turns);
          await stop();

          const outcome = await receive(one).catch((error) => error);
          if (!(outcome instanceof ConnectionError)) assert.is(String(outcome), 'the other');
        });
    },
    options,
  );

  it(
    'closes everything immediately without a grace period',
    (loop) =>
      serving(driver, { grace: 0 }, async ({ client, said, stop }) => {
        const clients = [await client(), await client()];
        for (const one of clients) await converse(loop, one, 'x');

        await stop();

        for (const one of clients) assert.is((await receive(one)).length, 0);
        assert.is(said[1], 'closing 2 connections');
        assert.is(said.length, 3);
      }),
    options,
  );

  it(
    'names at most three of the clients it waits for',
    (loop) =>
      serving(driver, { grace: 1 }, async ({ client, said, cancel }) => {
        const clients = [await client(), await client(), await client(), await client()];
        for (const one of clients) await converse(loop, one, 'x');
        const [a, b, c] = clients.map(addressOf);

        cancel();
        await until(loop, () => said.length > 1);

        assert.is(said[1], `stopping: waiting up to 1 s for 4 connections: ${a}, ${b}, ${c}, …`);
        for (const one of clients) one.close();
      }),
    options,
  );

  it(
    'accepts no new clients while it waits for existing ones',
    (loop) =>
      serving(driver, { grace: 3600 }, async ({ client, said, cancel }) => {
        const one = await client();
        await converse(loop, one, 'x');

        cancel();
        await until(loop, () => said.length > 1);

        await rejects(client(), ConnectionRefusedError, { code: 'ECONNREFUSED' });
        one.close();
      }),
    options,
  );

  it(
    'stops waiting when it is cancelled again',
    (loop) =>
      serving(driver, { grace: 3600 }, async ({ client, said, cancel, stop }) => {
        const one = await client();
        await converse(loop, one, 'x');

        cancel();
        await until(loop, () => said.length > 1);
        const begin = loop.time();
        await stop();

        assert.ok(loop.time() - begin < 3600);
      }),
    options,
  );
});

for (const { name } of DRIVERS)
  loopBehaviour(`reset() on ${name}`, (it) => {
    it(
      'resets an open connection, and leaves one alone whose socket is closed',
      async (loop) => {
        const [sock, peer] = await socketsOn(loop, name);
        const connecting = loop.createConnection(() => new Protocol(), undefined, undefined, {
          sock,
        });
        const [transport] = await connecting;

        resetTransport(transport);
        await rejects(loop.sockRecv(peer, 1), ConnectionError, { message: /reset/i });
        await until(loop, () => sock.fileno() < 0);
        resetTransport(transport);

        peer.close();
      },
      { clock: 'real' },
    );
  });
