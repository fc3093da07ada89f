import { PassThrough } from 'node:stream';
import * as assert from 'uvu/assert';
import { checkWhole } from '../../src/base/numbers.ts';
import * as asyncio from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import * as testing from '../../src/testing.ts';
import { behaviour } from '../support/behaviour.ts';
import { listening } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { throws } from '../support/throws.ts';
import { SERVER } from '../support/tls.ts';

const { INFINITY, NOTHING } = { INFINITY: Number.POSITIVE_INFINITY, NOTHING: () => {} };

/** What is no number, whatever it looks like. */
const STRANGERS: readonly unknown[] = ['5', '', 5n, null, true, {}, [5], Symbol('5')];

/** What one number of a public function may not be, beside what is no number. */
interface Door {
  /** Gives the number to the function. */
  readonly give: (value: never, loop: asyncio.Loop) => unknown;
  readonly refused: readonly number[];
}

const { NaN: NAN } = Number;
/** Any number of seconds, without end and in the past included. */
const SECONDS = [NAN];
const FINITE = [NAN, INFINITY, -INFINITY];
const FROM_ZERO = [...FINITE, -1];
const ABOVE_ZERO = [...FROM_ZERO, 0];
const WHOLE = [NAN, INFINITY, -INFINITY, 1.5];
const WHOLE_FROM_ZERO = [...WHOLE, -1];
const WHOLE_FROM_ONE = [...WHOLE_FROM_ZERO, 0];

const factory = (): asyncio.Protocol => new asyncio.Protocol();
const body = async (): Promise<void> => {};
const ssl = SERVER;
const HOST = '127.0.0.1';

/** Every number that a public function or property takes. */
const DOORS: Record<string, Door> = {
  'sleep(delay)': { give: (value) => asyncio.sleep(value), refused: SECONDS },
  'timeout(delay)': { give: (value) => asyncio.timeout(value, body), refused: SECONDS },
  'timeoutAt(when)': { give: (value) => asyncio.timeoutAt(value, body), refused: SECONDS },
  'wait(…, { timeout })': {
    give: (timeout) => asyncio.wait([asyncio.getRunningLoop().createFuture()], { timeout }),
    refused: SECONDS,
  },
  'waitFor(…, timeout)': {
    give: (value) => asyncio.waitFor(body, value),
    refused: SECONDS,
  },
  'asCompleted(…, { timeout })': {
    give: (timeout) => asyncio.asCompleted([], { timeout }),
    refused: SECONDS,
  },
  'loop.callLater(delay)': {
    give: (value, loop) => loop.callLater(value, NOTHING),
    refused: FINITE,
  },
  'loop.callAt(when)': { give: (value, loop) => loop.callAt(value, NOTHING), refused: FINITE },
  'loop.slowCallbackDuration': {
    give: (value, loop) => {
      loop.slowCallbackDuration = value;
    },
    refused: SECONDS,
  },
  'loop.shutdownDefaultExecutor(timeout)': {
    give: (value, loop) => loop.shutdownDefaultExecutor(value),
    refused: SECONDS,
  },
  'task.getStack({ limit })': {
    give: (limit) => asyncio.currentTask()?.getStack({ limit }),
    refused: WHOLE,
  },
  'task.printStack({ limit })': {
    give: (limit) => asyncio.currentTask()?.printStack({ limit }),
    refused: WHOLE,
  },
  'captureCallGraph({ limit })': {
    give: (limit) => asyncio.captureCallGraph(undefined, { limit }),
    refused: WHOLE,
  },
  'captureCallGraph({ depth })': {
    give: (depth) => asyncio.captureCallGraph(undefined, { depth }),
    refused: WHOLE,
  },
  'new Semaphore(value)': {
    give: (value) => new asyncio.Semaphore(value),
    refused: [NAN, -1, 1.5, -INFINITY],
  },
  'new BoundedSemaphore(value)': {
    give: (value) => new asyncio.BoundedSemaphore(value),
    refused: [NAN, -1, 1.5, -INFINITY],
  },
  'new Barrier(parties)': { give: (value) => new asyncio.Barrier(value), refused: WHOLE_FROM_ONE },
  'new Queue(maxsize)': { give: (value) => new asyncio.Queue(value), refused: [NAN] },
  'new LifoQueue(maxsize)': { give: (value) => new asyncio.LifoQueue(value), refused: [NAN] },
  'new PriorityQueue(maxsize)': {
    give: (value) => new asyncio.PriorityQueue(value),
    refused: [NAN],
  },
  'condition.notify(n)': { give: (value) => new asyncio.Condition().notify(value), refused: [NAN] },
  'new ThreadPoolExecutor(maxWorkers)': {
    give: (value) => new asyncio.ThreadPoolExecutor(value),
    refused: WHOLE_FROM_ONE,
  },
  'new StreamReader({ limit })': {
    give: (limit) => new asyncio.StreamReader({ limit }),
    refused: [NAN, 0, -1, -INFINITY],
  },
  'reader.read(n)': { give: (n) => new asyncio.StreamReader().read(n), refused: [] },
  'reader.readexactly(n)': {
    give: (n) => new asyncio.StreamReader().readexactly(n),
    refused: [-1],
  },
  'fromDuplex(…, { limit })': {
    give: (limit) => asyncio.fromDuplex(new PassThrough(), { limit }),
    refused: [NAN, 0, -1],
  },
  'new StreamReaderProtocol({ idleTimeout })': {
    give: (idleTimeout) =>
      new asyncio.StreamReaderProtocol(new asyncio.StreamReader(), undefined, { idleTimeout }),
    refused: ABOVE_ZERO,
  },
  'startServer({ limit })': {
    give: (limit) => asyncio.startServer(NOTHING, HOST, 0, { limit }),
    refused: [NAN, 0, -1],
  },
  'startServer({ idleTimeout })': {
    give: (idleTimeout) => asyncio.startServer(NOTHING, HOST, 0, { idleTimeout }),
    refused: ABOVE_ZERO,
  },
  'startServer({ handlerTimeout })': {
    give: (handlerTimeout) => asyncio.startServer(NOTHING, HOST, 0, { handlerTimeout }),
    refused: ABOVE_ZERO,
  },
  'openServer({ limit })': {
    give: (limit) => asyncio.openServer(HOST, 0, { limit }),
    refused: [NAN, 0, -1],
  },
  'openServer({ idleTimeout })': {
    give: (idleTimeout) => asyncio.openServer(HOST, 0, { idleTimeout }),
    refused: ABOVE_ZERO,
  },
  'openConnection({ limit })': {
    give: (limit) => asyncio.openConnection(HOST, 1, { limit }),
    refused: [NAN, 0, -1],
  },
  'loop.createServer({ maxConnections })': {
    give: (maxConnections, loop) => loop.createServer(factory, HOST, 0, { maxConnections }),
    refused: [NAN, -INFINITY, 1.5, -1, 0, 0.5],
  },
  'loop.createServer({ backlog })': {
    give: (backlog, loop) => loop.createServer(factory, HOST, 0, { backlog }),
    refused: WHOLE_FROM_ZERO,
  },
  'loop.createServer({ family })': {
    give: (family, loop) => loop.createServer(factory, HOST, 0, { family }),
    refused: WHOLE,
  },
  'loop.createServer({ flags })': {
    give: (flags, loop) => loop.createServer(factory, HOST, 0, { flags }),
    refused: WHOLE,
  },
  'loop.createServer({ sslHandshakeTimeout })': {
    give: (sslHandshakeTimeout, loop) =>
      loop.createServer(factory, HOST, 0, { ssl, sslHandshakeTimeout }),
    refused: ABOVE_ZERO,
  },
  'loop.createServer({ sslShutdownTimeout })': {
    give: (sslShutdownTimeout, loop) =>
      loop.createServer(factory, HOST, 0, { ssl, sslShutdownTimeout }),
    refused: ABOVE_ZERO,
  },
  'loop.createUnixServer({ maxConnections })': {
    give: (maxConnections, loop) =>
      loop.createUnixServer(factory, '/nowhere/x', { maxConnections }),
    refused: [NAN, 1.5, 0],
  },
  'loop.createUnixServer({ backlog })': {
    give: (backlog, loop) => loop.createUnixServer(factory, '/nowhere/x', { backlog }),
    refused: WHOLE_FROM_ZERO,
  },
  'server.shutdown({ grace })': {
    give: async (grace, loop) => {
      const server = await loop.createServer(factory, HOST, 0, { startServing: false });
      try {
        await server.shutdown({ grace });
      } finally {
        server.close();
      }
    },
    refused: FROM_ZERO,
  },
  'loop.createConnection({ happyEyeballsDelay })': {
    give: (happyEyeballsDelay, loop) =>
      loop.createConnection(factory, HOST, 1, { happyEyeballsDelay }),
    refused: SECONDS,
  },
  'loop.createConnection({ interleave })': {
    give: (interleave, loop) => loop.createConnection(factory, HOST, 1, { interleave }),
    refused: WHOLE_FROM_ZERO,
  },
  'loop.createConnection({ family })': {
    give: (family, loop) => loop.createConnection(factory, HOST, 1, { family }),
    refused: WHOLE,
  },
  'loop.createConnection({ proto })': {
    give: (proto, loop) => loop.createConnection(factory, HOST, 1, { proto }),
    refused: WHOLE,
  },
  'loop.createConnection({ flags })': {
    give: (flags, loop) => loop.createConnection(factory, HOST, 1, { flags }),
    refused: WHOLE,
  },
  'loop.createConnection({ sslHandshakeTimeout })': {
    give: (sslHandshakeTimeout, loop) =>
      loop.createConnection(factory, HOST, 1, { ssl: true, sslHandshakeTimeout }),
    refused: ABOVE_ZERO,
  },
  'loop.createDatagramEndpoint({ family })': {
    give: (family, loop) => loop.createDatagramEndpoint(datagramFactory, { family }),
    refused: WHOLE_FROM_ZERO,
  },
  'loop.createDatagramEndpoint({ proto })': {
    give: (proto, loop) =>
      loop.createDatagramEndpoint(datagramFactory, { family: socket.AF_INET, proto }),
    refused: WHOLE_FROM_ZERO,
  },
  'loop.createDatagramEndpoint({ flags })': {
    give: (flags, loop) =>
      loop.createDatagramEndpoint(datagramFactory, { localAddr: [HOST, 0], flags }),
    refused: WHOLE_FROM_ZERO,
  },
  'loop.getaddrinfo({ type })': {
    give: (type, loop) => loop.getaddrinfo(HOST, 1, { type }),
    refused: WHOLE,
  },
  'loop.getaddrinfo({ flags })': {
    give: (flags, loop) => loop.getaddrinfo(HOST, 1, { flags }),
    refused: WHOLE,
  },
  'loop.getnameinfo([…, port])': {
    give: (port, loop) => loop.getnameinfo([HOST, port], 3),
    refused: [...WHOLE_FROM_ZERO, 65_536],
  },
  'loop.getnameinfo(…, flags)': {
    give: (flags, loop) => loop.getnameinfo([HOST, 1], flags),
    refused: WHOLE,
  },
  'transport.setWriteBufferLimits(high)': {
    give: (high) => onTransport((transport) => transport.setWriteBufferLimits(high)),
    refused: [NAN, -1],
  },
  'transport.setWriteBufferLimits(…, low)': {
    give: (low) => onTransport((transport) => transport.setWriteBufferLimits(100, low)),
    refused: [NAN, -1, 101],
  },
  'loop.sockRecv(nbytes)': {
    give: (nbytes, loop) => onSocket((sock) => loop.sockRecv(sock, nbytes)),
    refused: WHOLE_FROM_ZERO,
  },
  'loop.sockRecvfrom(bufsize)': {
    give: (nbytes, loop) => onSocket((sock) => loop.sockRecvfrom(sock, nbytes)),
    refused: WHOLE_FROM_ZERO,
  },
  'sock.recv(nbytes)': {
    give: (nbytes) => onSocket((sock) => sock.recv(nbytes)),
    refused: WHOLE_FROM_ZERO,
  },
  'sock.settimeout(timeout)': {
    give: (timeout) => onSocket((sock) => sock.settimeout(timeout)),
    refused: FROM_ZERO,
  },
  'sock.listen(backlog)': {
    give: (backlog) => onSocket((sock) => sock.listen(backlog)),
    refused: WHOLE,
  },
  'sock.shutdown(how)': {
    give: (how) => onSocket((sock) => sock.shutdown(how)),
    refused: [...WHOLE_FROM_ZERO, 3],
  },
  'sock.bind([…, port])': {
    give: (port) => onSocket((sock) => sock.bind([HOST, port])),
    refused: [...WHOLE_FROM_ZERO, 65_536],
  },
  'sock.setsockopt(…, value)': {
    give: (value) =>
      onSocket((sock) => sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, value)),
    refused: WHOLE,
  },
  'socket(family)': { give: (value) => socket.socket(value), refused: WHOLE },
  'runVirtual(…, { start })': {
    give: (start) => testing.runVirtual(body, { start }),
    refused: FINITE,
  },
};

const datagramFactory = (): asyncio.DatagramProtocol => new asyncio.DatagramProtocol();

function onSocket(use: (sock: socket.Socket) => unknown): unknown {
  const sock = listening('memory');
  try {
    return use(sock);
  } finally {
    sock.close();
  }
}

async function onTransport(use: (transport: asyncio.Transport) => void): Promise<void> {
  const [transport] = await asyncio.connectDuplex(factory, new PassThrough());
  try {
    use(transport);
  } finally {
    transport.abort();
    await asyncio.sleep(0);
  }
}

/** What a call throws, at once or when it is awaited. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Values that a function takes as something else than a number. */
const TAKEN: Record<string, readonly unknown[]> = {
  'sock.setsockopt(…, value)': [true],
};

loopBehaviour('A number argument of a public function', (it) => {
  for (const [name, { give, refused }] of Object.entries(DOORS))
    it(`is refused immediately, with what was expected and got: ${name}`, async (loop) => {
      const call = (value: unknown) => failureOf(() => give(value as never, loop));
      for (const stranger of STRANGERS) {
        if (TAKEN[name]?.includes(stranger)) continue;
        const error = await call(stranger);
        assert.instance(error, TypeError, `${String(stranger)}: ${error}`);
        assert.match((error as Error).message, /must (not )?be|cannot be None/);
      }
      for (const number of refused) {
        const error = await call(number);
        assert.instance(error, RangeError, `${number}: ${error}`);
      }
    });

  it('may be what asyncio allows: missing, a fraction, in the past, infinite', async (loop) => {
    for (const delay of [-1, -INFINITY, 0.5]) {
      await asyncio.sleep(delay);
      await asyncio.waitFor(async () => {}, 0.5);
      const [done] = await asyncio.wait([loop.createFuture()], { timeout: delay });
      assert.is(done.size, 0);
    }
    for (const delay of [undefined, INFINITY, 0.5]) {
      await asyncio.timeout(delay, body);
      await asyncio.waitFor(body, delay);
      await asyncio.wait([asyncio.createTask(body)], { timeout: delay });
    }
    for (const delay of [-1, -INFINITY])
      assert.instance(
        await failureOf(() => asyncio.timeout(delay, async () => await asyncio.sleep(1))),
        asyncio.TimeoutError,
      );
    await loop.shutdownDefaultExecutor(INFINITY);
    assert.is(new asyncio.Queue(1.5).full(), false);
    const reader = new asyncio.StreamReader({ limit: INFINITY });
    reader.feedData(Buffer.from('a\n'));
    assert.is(String(await reader.readline()), 'a\n');
    const server = await loop.createServer(factory, HOST, 0, { maxConnections: INFINITY });
    server.close();
  });
});

behaviour('checkWhole', (it) => {
  it('includes the range in the message', () => {
    const text = (least: number, most: number): string => {
      try {
        checkWhole(0.5, least, most, 'n');
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };

    assert.is(text(0, 7), 'n must be an integer from 0 to 7, got 0.5');
    assert.is(text(1, Number.MAX_SAFE_INTEGER), 'n must be an integer >= 1, got 0.5');
    assert.is(text(1, INFINITY), 'n must be an integer >= 1, or Infinity, got 0.5');
    assert.is(
      text(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
      'n must be an integer, got 0.5',
    );
    throws(() => checkWhole(INFINITY, 1, Number.MAX_SAFE_INTEGER, 'n'), RangeError, {
      message: 'n must be an integer >= 1, got inf',
    });
    checkWhole(INFINITY, 1, INFINITY, 'n');
  });
});
