/** The server of examples/resp, played by hand-made bytes, by redis-cli and by redis-benchmark. */
import { spawnSync } from 'node:child_process';
import * as asyncio from 'asyncio-ts';
import * as socket from 'asyncio-ts/socket';
import { runVirtual, settle } from 'asyncio-ts/testing';
import * as assert from 'uvu/assert';
import { perform } from '../../examples/resp/commands.ts';
import { Deque } from '../../examples/resp/deque.ts';
import { Replies, type Reply } from '../../examples/resp/replies.ts';
import { type RespOptions, serveResp } from '../../examples/resp/server.ts';
import { Store } from '../../examples/resp/store.ts';
import { behaviour } from '../support/behaviour.ts';
import { runCommand } from '../support/child.ts';
import { Client } from '../support/client.ts';
import { DRIVERS } from '../support/drivers.ts';
import { freePort, Program } from '../support/program.ts';
import { bytesCopied } from '../support/work.ts';

/** What lines that are typed by hand are answered, one after the other. */
type Lines = readonly (readonly [line: string, reply: string])[];

const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const NO_INTEGER = '-ERR value is not an integer or out of range';

/** Has a store do lines; `*` and the like are shown without line ends: `*2 $1 a $1 b`. */
function said(store: Store, line: string): string {
  const words = line.split(' ').map((word) => Buffer.from(word === "''" ? '' : word));
  return String(replyTo(store, words)).trimEnd().replaceAll('\r\n', ' ');
}

function replyTo(store: Store, words: readonly Buffer[]): Buffer {
  const replies = new Replies();
  replies.add(perform(store, words));
  const pieces = replies.take();
  while (replies.isUnfinished) {
    replies.goOn();
    pieces.push(...replies.take());
  }
  return Buffer.concat(pieces);
}

function does(lines: Lines): Promise<void> {
  return asyncio.run(async () => {
    const store = new Store(asyncio.getRunningLoop());
    for (const [line, reply] of lines) assert.is(said(store, line), reply, line);
  });
}

behaviour('perform', (it) => {
  it('identifies itself', () =>
    does([
      ['PING', '+PONG'],
      ['ping hello', '$5 hello'],
      ['ECHO hello', '$5 hello'],
      ['SELECT 0', '+OK'],
      ['SELECT 1', '-ERR DB index is out of range'],
      ['CONFIG GET save', '*2 $4 save $0'],
      ['CONFIG GET nothing', '*0'],
      ['COMMAND DOCS', '*0'],
    ]));

  it('keeps texts', () =>
    does([
      ['SET a 1', '+OK'],
      ['GET a', '$1 1'],
      ['GET b', '$-1'],
      ['SETNX a 2', ':0'],
      ['APPEND a 23', ':3'],
      ['STRLEN a', ':3'],
      ['MSET b 2 c 3', '+OK'],
      ['MGET a b x c', '*4 $3 123 $1 2 $-1 $1 3'],
      ['EXISTS a b x a', ':3'],
      ['DEL a b x', ':2'],
      ['GETDEL c', '$1 3'],
      ['DBSIZE', ':0'],
    ]));

  it('sets a key only if it is missing or exists, and returns the old value', () =>
    does([
      ['SET a 1 XX', '$-1'],
      ['SET a 1 NX', '+OK'],
      ['SET a 2 NX', '$-1'],
      ['SET a 2 XX GET', '$1 1'],
      ['SET a 3 NX GET', '$1 2'],
      ['SET a 3 NX XX', '-ERR syntax error'],
      ['SET a 3 EX', '-ERR syntax error'],
      ['SET a 3 EX 1 PX 1', '-ERR syntax error'],
      ['SET a 3 EX x', NO_INTEGER],
      ['SET a 3 EX 0', "-ERR invalid expire time in 'set' command"],
    ]));

  it('counts in 64 bits', () =>
    does([
      ['INCR a', ':1'],
      ['INCRBY a 41', ':42'],
      ['DECR a', ':41'],
      ['DECRBY a 41', ':0'],
      ['SET a 9223372036854775806', '+OK'],
      ['INCR a', ':9223372036854775807'],
      ['INCR a', '-ERR increment or decrement would overflow'],
      ['INCRBY a 1.5', NO_INTEGER],
      ['SET a x', '+OK'],
      ['INCR a', NO_INTEGER],
    ]));

  it('stores lists, and removes those that are empty', () =>
    does([
      ['LPUSH l 2 1', ':2'],
      ['RPUSH l 3 4', ':4'],
      ['LRANGE l 0 -1', '*4 $1 1 $1 2 $1 3 $1 4'],
      ['LRANGE l -2 9', '*2 $1 3 $1 4'],
      ['LRANGE l 3 1', '*0'],
      ['LINDEX l -1', '$1 4'],
      ['LINDEX l 9', '$-1'],
      ['LLEN l', ':4'],
      ['LPOP l', '$1 1'],
      ['RPOP l 2', '*2 $1 4 $1 3'],
      ['RPOP l', '$1 2'],
      ['RPOP l', '$-1'],
      ['TYPE l', '+none'],
      ['LRANGE l x 1', NO_INTEGER],
    ]));

  it('distinguishes strings from lists', () =>
    does([
      ['LPUSH l 1', ':1'],
      ['GET l', WRONG_TYPE],
      ['INCR l', WRONG_TYPE],
      ['MGET l', '*1 $-1'],
      ['TYPE l', '+list'],
      ['SET l 1', '+OK'],
      ['LPUSH l 1', WRONG_TYPE],
      ['LLEN l', WRONG_TYPE],
      ['TYPE l', '+string'],
    ]));

  it('returns errors that explain what is wrong', () =>
    does([
      ['GET', "-ERR wrong number of arguments for 'get' command"],
      ['get a b', "-ERR wrong number of arguments for 'get' command"],
      ['MSET a 1 b', "-ERR wrong number of arguments for 'mset' command"],
      ['NOPE a b', "-ERR unknown command 'NOPE', with args beginning with: 'a' 'b'"],
      ['constructor', "-ERR unknown command 'constructor', with args beginning with:"],
    ]));

  it('accepts as many arguments as a command may have', () =>
    asyncio.run(async () => {
      const store = new Store(asyncio.getRunningLoop());
      const million = Array<Buffer>(1_000_000).fill(Buffer.from('a'));
      const with_ = (...words: string[]): Buffer[] =>
        words.map((word): Buffer => Buffer.from(word)).concat(million);
      assert.is(String(replyTo(store, with_('RPUSH', 'list'))), ':1000000\r\n');
      assert.is(String(replyTo(store, with_('MSET'))), '+OK\r\n');
      assert.is(String(replyTo(store, with_('EXISTS'))), ':1000000\r\n');
      assert.match(
        String(replyTo(store, with_('GET'))),
        /^-ERR wrong number of arguments for 'get'/,
      );
      assert.is(
        String(replyTo(store, with_('x'.repeat(500)))),
        `-ERR unknown command '${'x'.repeat(128)}', with args beginning with: ${"'a' ".repeat(32)}\r\n`,
      );
    }));

  it('appends in linear time, and does not change what was read before', () =>
    asyncio.run(async () => {
      const store = new Store(asyncio.getRunningLoop());
      const words = (...all: string[]): Buffer[] => all.map((word) => Buffer.from(word));
      perform(store, words('SET', 'a', 'x'.repeat(10_000)));
      const append = words('APPEND', 'a', 'y'.repeat(10));
      const copied = bytesCopied(() => {
        for (let n = 0; n < 10_000; n += 1) perform(store, append);
      });
      const before = perform(store, words('GET', 'a')) as Uint8Array;
      perform(store, append);

      assert.is(String(before), 'x'.repeat(10_000) + 'y'.repeat(100_000));
      assert.ok(copied < 500_000, `${copied} bytes copied`);
    }));

  it('creates no string longer than an argument may be', () =>
    asyncio.run(async () => {
      const store = new Store(asyncio.getRunningLoop(), { maxBulk: 5 });
      assert.is(said(store, 'SET a 123'), '+OK');
      assert.is(said(store, 'APPEND a 45'), ':5');
      assert.is(
        said(store, 'APPEND a 6'),
        '-ERR string exceeds maximum allowed size (proto-max-bulk-len)',
      );
      assert.is(said(store, 'GET a'), '$5 12345');
    }));

  it('removes a key when it expires, in virtual time', () =>
    runVirtual(async () => {
      const store = new Store(asyncio.getRunningLoop());
      const does = (line: string, reply: string): void => assert.is(said(store, line), reply, line);
      does('SET a 1 EX 10', '+OK');
      does('SET b 1 PX 2500', '+OK');
      does('INCR a', ':2');
      await asyncio.sleep(2);
      does('TTL a', ':8');
      does('PTTL b', ':500');
      await asyncio.sleep(1);
      does('TTL b', ':-2');
      does('SET a 3 KEEPTTL', '+OK');
      does('TTL a', ':7');
      does('PERSIST a', ':1');
      does('PERSIST a', ':0');
      does('TTL a', ':-1');
      does('EXPIRE a 5', ':1');
      does('SET a 4', '+OK');
      await asyncio.sleep(100);
      does('GET a', '$1 4');
      does('EXPIRE a 0', ':1');
      does('EXPIRE a 1', ':0');
    }));
});

behaviour('Replies', (it) => {
  const large = Buffer.alloc(1_000_000, 'x');

  for (const [what, reply, size] of [
    ['a long word', large, 1_000_012],
    ['many long words', Array(100).fill(large), 100 * 1_000_012 + 6],
    ['many short words', Array(100_000).fill('ab'), 100_000 * 8 + 9],
    ['many numbers', Array(100_000).fill(1), 100_000 * 4 + 9],
    ['lists in a list', Array(10).fill(Array(10).fill(large)), 100 * 1_000_012 + 10 * 5 + 5],
  ] as [string, Reply, number][])
    it(`collects ${what} bit by bit`, () => {
      const replies = new Replies();
      let sent = 0;
      const take = (): void => {
        const nbytes = Buffer.concat(replies.take()).length;
        assert.ok(nbytes < 200_000, `${nbytes} bytes at once`);
        sent += nbytes;
      };
      replies.add(reply);
      take();
      assert.is(replies.isUnfinished, true);
      while (replies.isUnfinished) {
        replies.goOn();
        take();
      }

      assert.is(sent, size);
    });
});

behaviour('Deque', (it) => {
  it('behaves like an array', () => {
    const [deque, array] = [new Deque<number>(), [] as number[]];
    const step = (seed: number): number => (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    for (let round = 0, seed = 1; round < 5000; round += 1, seed = step(seed)) {
      const way = (['push', 'unshift', 'push', 'shift', 'pop'] as const)[(seed >> 8) % 5] ?? 'push';
      if (way === 'push' || way === 'unshift') {
        deque[way](round);
        array[way](round);
      } else assert.is(deque[way](), array[way]());
      if (round % 50 === 0) assert.equal(deque.range(0, -1), array);
    }
    assert.is(deque.length, array.length);
  });
});

/** Serves on a driver as long as it is used. */
async function onServer(
  driver: socket.DriverName,
  use: (port: number, server: asyncio.Server) => Promise<unknown>,
  options: RespOptions = {},
): Promise<void> {
  const sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, { driver });
  sock.bind(['127.0.0.1', 0]);
  const server = await serveResp(undefined, undefined, { ...options, sock });
  try {
    await use(Number(sock.getsockname()[1]), server);
  } finally {
    server.close();
    server.abortClients();
    await server.waitClosed();
    await settle();
  }
}

for (const { name, real } of DRIVERS) {
  if (!real) continue;

  behaviour(`serveResp on ${name}`, (it) => {
    const on = (
      sentence: string,
      use: (port: number, server: asyncio.Server) => Promise<unknown>,
      options?: RespOptions,
    ): void => it(sentence, () => asyncio.run(() => onServer(name, use, options)));

    on('answers pipelined commands in order, also byte by byte', async (port) => {
      const asked = '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n\r\n\r\nGET a\r\nPING\r\n';
      const answer = '+OK\r\n$2\r\n\r\n\r\n+PONG\r\n';
      using client = await Client.to(port);

      await client.send(asked);
      assert.is(String(await client.receive(answer.length)), answer);
      for (const byte of asked) await client.send(byte);
      assert.is(String(await client.receive(answer.length)), answer);
    });

    on('closes the connection on QUIT, and after a protocol error', async (port) => {
      for (const [asked, answer] of [
        ['PING\r\nQUIT\r\nPING\r\n', '+PONG\r\n+OK\r\n'],
        ['*1\r\n!\r\nPING\r\n', "-ERR Protocol error: expected '$', got '!'\r\n"],
      ] as const) {
        using client = await Client.to(port);
        await client.send(asked);
        assert.is(String(await client.rest()), answer);
      }
    });

    on('separates the connections of clients, and shares their data', async (port) => {
      using one = await Client.to(port);
      using two = await Client.to(port);
      await one.send('*3\r\n$3\r\nSET\r\n$1\r\na\r\n$3\r\no');
      assert.is(await conversed(two, 'GET a\r\n', 5), '$-1\r\n');
      assert.is(await conversed(one, 'ne\r\n', 5), '+OK\r\n');
      assert.is(await conversed(two, 'GET a\r\n', 9), '$3\r\none\r\n');
    });

    on('stops serving a client that does not read its replies, until it does', async (port) => {
      const size = 100_000;
      const rounds = 300;
      using client = await Client.to(port);
      await conversed(client, sets(size), 5);
      client.pause();
      await client.send(`${'GET a\r\n'.repeat(rounds)}INCR done\r\n`);
      using other = await Client.to(port);
      for (let turns = 0; turns < 50; turns += 1)
        assert.is(await conversed(other, 'GET done\r\n', 5), '$-1\r\n');

      client.resume();
      const all = rounds * (size + 11) + 4;
      assert.is((await client.receive(all)).length, all);
      assert.is(await conversed(other, 'GET done\r\n', 7), '$1\r\n1\r\n');
    });

    on('buffers nothing of a long reply for a client that does not read it', async (port) => {
      using client = await Client.to(port);
      await conversed(client, sets(1_000_000), 5);
      client.pause();
      const before = process.memoryUsage().arrayBuffers;
      await client.send(`MGET${' a'.repeat(1000)}\r\n`);
      using other = await Client.to(port);
      for (let turns = 0; turns < 50; turns += 1)
        assert.is(await conversed(other, 'PING\r\n', 7), '+PONG\r\n');

      const kept = process.memoryUsage().arrayBuffers - before;
      assert.ok(kept < 16_000_000, `${kept} bytes kept`);
    });

    on('sends all of a long reply, even to a client that has finished sending', async (port) => {
      const size = 100_000;
      using client = await Client.to(port);
      await conversed(client, sets(size), 5);
      client.pause();
      await client.send(`MGET${' a'.repeat(100)}\r\nGET a\r\nPING\r\n`);
      client.finish();
      using other = await Client.to(port);
      for (let turns = 0; turns < 20; turns += 1) await conversed(other, 'PING\r\n', 7);
      client.resume();

      const { length } = await client.rest();
      assert.is(length, 101 * (size + 11) + 6 + 7);
    });

    on(
      'closes the connection of a client whose command needs too much memory before it is complete',
      async (port) => {
        using client = await Client.to(port);
        await client.send('PING\r\n*9\r\n$900\r\n');
        assert.is(String(await client.receive(7)), '+PONG\r\n');
        await client.send(`${'x'.repeat(900)}\r\n$900\r\n${'x'.repeat(500)}`);

        assert.is(String(await client.rest()), '');
      },
      { maxQuery: 1000 },
    );

    on('disconnects its clients in shutdown()', async (port, server) => {
      using client = await Client.to(port);
      await conversed(client, 'PING\r\n', 7);

      const { finished, aborted } = await server.shutdown({ grace: 5 });

      assert.equal([finished.length, aborted.length], [1, 0]);
      assert.is(String(await client.rest()), '');
    });
  });
}

/** Sets `a` to a text of some length. */
function sets(size: number): string {
  return `*3\r\n$3\r\nSET\r\n$1\r\na\r\n$${size}\r\n${'x'.repeat(size)}\r\n`;
}

async function conversed(client: Client, text: string, nbytes: number): Promise<string> {
  await client.send(text);
  return String(await client.receive(nbytes));
}

behaviour('examples/resp/main.ts', (it) => {
  const has = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
  const serves = async (use: (port: number) => Promise<void>): Promise<void> => {
    const port = await freePort();
    const env = { PORT: String(port) };
    await using program = Program.typescript('examples/resp/main.ts', [], { env });
    await program.shows(/^ready/);
    await use(port);
    program.signal('SIGTERM');
    assert.equal(await program.ends(), { status: 0, signal: null });
    assert.match(program.stdout, /\n\d+ connections finished, 0 were cut off\n$/);
    assert.is(program.stderr, '');
  };

  it(
    'serves, and ends at SIGTERM',
    () =>
      serves(async (port) => {
        using client = await Client.to(port);
        assert.is(await conversed(client, 'PING\r\n', 7), '+PONG\r\n');
      }),
    { seconds: 20 },
  );

  const commanded = (): Promise<void> =>
    serves(async (port) => {
      const cli = async (...args: string[]): Promise<string> =>
        (await runCommand('redis-cli', ['-p', String(port), ...args])).stdout.trimEnd();
      assert.is(await cli('ping'), 'PONG');
      assert.is(await cli('set', 'a', 'two words', 'EX', '100'), 'OK');
      assert.is(await cli('get', 'a'), 'two words');
      assert.is(await cli('rpush', 'l', '1', '2', '3'), '3');
      assert.is(await cli('lrange', 'l', '0', '-1'), '1\n2\n3');
      assert.match(await cli('get', 'l'), /^WRONGTYPE /);
      assert.is(await cli('-r', '3', 'incr', 'n'), '1\n2\n3');
    });
  if (has('redis-cli')) it('serves redis-cli', commanded, { seconds: 20 });
  else it.skip('serves redis-cli', 'there is no redis-cli', commanded);

  const benchmarked = (): Promise<void> =>
    serves(async (port) => {
      const tests = 'ping,set,get,incr,lpush,rpush,lpop,rpop,lrange_100,mset';
      const { stdout } = await runCommand('timeout', [
        ...['15', 'redis-benchmark', '-p', String(port), '-q', '-n', '500', '-P', '4', '-t', tests],
      ]);
      assert.is(stdout.match(/requests per second/g)?.length, 12, stdout);
    });
  if (has('redis-benchmark')) it('serves redis-benchmark', benchmarked, { seconds: 25 });
  else it.skip('serves redis-benchmark', 'there is no redis-benchmark', benchmarked);
});
