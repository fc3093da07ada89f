/** What each function takes for a port. What CPython 3.13 does otherwise is in docs/differences.md, "Ports". */
import * as assert from 'uvu/assert';
import { DatagramProtocol, type Loop, Protocol } from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { attempt, DRIVERS, datagram, stream } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

const REAL = { clock: 'real' } as const;
const HOST = '127.0.0.1';
const DATA = Buffer.from('x');

type Call = (use: { loop: Loop; sock: socket.Socket; port: never }) => unknown;

/** Those that take an address: of a socket, which takes no text, or of the loop, which looks it up. */
const OF_SOCKETS: Record<string, Call> = {
  'socket.connect': ({ sock, port }) => sock.connect([HOST, port]),
  'socket.connectEx': ({ sock, port }) => sock.connectEx([HOST, port]),
  'socket.bind': ({ sock, port }) => sock.bind([HOST, port]),
  'loop.getnameinfo': ({ loop, port }) => loop.getnameinfo([HOST, port]),
};
const OF_DATAGRAMS: Record<string, Call> = {
  'socket.sendto': ({ sock, port }) => sock.sendto(DATA, [HOST, port]),
  'loop.sockSendto': ({ loop, sock, port }) => loop.sockSendto(sock, DATA, [HOST, port]),
};
const OF_LOOKUPS: Record<string, Call> = {
  'loop.sockConnect': ({ loop, sock, port }) => loop.sockConnect(sock, [HOST, port]),
  'loop.createConnection': ({ loop, port }) =>
    loop.createConnection(() => new Protocol(), HOST, port),
  'loop.createServer': ({ loop, port }) => loop.createServer(() => new Protocol(), HOST, port),
  'loop.createDatagramEndpoint': ({ loop, port }) =>
    loop.createDatagramEndpoint(() => new DatagramProtocol(), { localAddr: [HOST, port] }),
  'loop.getaddrinfo': ({ loop, port }) => loop.getaddrinfo(HOST, port),
  'socket.createConnection': ({ port }) => socket.createConnection([HOST, port]),
};

for (const { name } of DRIVERS)
  loopBehaviour(`Ports (${name})`, (it) => {
    /** The name of the error with which a call fails. */
    const outcome = async (loop: Loop, call: Call, make: typeof stream, port: unknown) => {
      const sock = make(name);
      try {
        await attempt(() => call({ loop, sock, port: port as never }));
        return 'none';
      } catch (error) {
        return (error as Error).name;
      } finally {
        sock.close();
      }
    };

    for (const [calls, make, text] of [
      [OF_SOCKETS, stream, 'TypeError'],
      [OF_DATAGRAMS, datagram, 'TypeError'],
      [OF_LOOKUPS, stream, 'gaierror'],
    ] as const)
      for (const [what, call] of Object.entries(calls))
        it(
          `are refused by ${what} immediately unless they are integers from 0 to 65535`,
          async (loop) => {
            const seen: unknown[] = [];
            for (const port of [-1, 1.5, 65_536, 2 ** 70, Number.NaN, true, null, 80n, 'no such'])
              seen.push(await outcome(loop, call, make, port));

            const [range, type] = ['RangeError', 'TypeError'];
            assert.equal(seen, [range, range, range, range, range, type, type, type, text]);
          },
          REAL,
        );

    it(
      'are required in addresses',
      async (loop) => {
        const { 'loop.sockConnect': sockConnect } = OF_LOOKUPS;
        const calls = { ...OF_SOCKETS, 'loop.sockConnect': sockConnect as Call };
        for (const [what, call] of Object.entries(calls))
          assert.is(await outcome(loop, call, stream, undefined), 'TypeError', what);
        for (const [what, call] of Object.entries(OF_DATAGRAMS))
          assert.is(await outcome(loop, call, datagram, undefined), 'TypeError', what);
      },
      REAL,
    );
  });
