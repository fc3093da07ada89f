/**
 * Makes things of all kinds in the stores of one, has them called back in those of another, and prints
 * what they find where it is not their maker's.
 *
 * Arguments: `stores`, two `AsyncLocalStorage`s; `hooks`, a user of `async_hooks` as for tracing;
 * `variable`, a `ContextVar`; `early`: the first store is entered before the library is imported, and the
 * hook enabled, which is done afterwards otherwise.
 */
import { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId } from 'node:async_hooks';
import { PassThrough } from 'node:stream';

const modes = process.argv.slice(2);
const first = new AsyncLocalStorage<string>();
const second = new AsyncLocalStorage<string>();

/** As programs for tracing do: what is made belongs to whoever runs. */
const owners = new Map<number, string | undefined>();
const hook = createHook({
  init: (id) => void owners.set(id, owners.get(executionAsyncId())),
});
if (modes.includes('early')) {
  if (modes.includes('hooks')) hook.enable();
  if (modes.includes('stores')) first.run('early', () => {});
}

const asyncio = await import('../../../src/index.ts');
const socket = await import('../../../src/socket.ts');
const { DRIVERS, freshAddress, stream } = await import('../../support/drivers.ts');
const { selfSigned } = await import('../../../src/echo/certificate.ts');
const { key, cert } = selfSigned(['localhost']);
if (modes.includes('hooks')) hook.enable();

type Address = import('../../../src/socket.ts').AddressInput;
type DriverName = import('../../../src/socket.ts').DriverName;
type Transport = import('../../../src/index.ts').Transport;

const variable = modes.includes('variable') ? new asyncio.ContextVar<string>('who') : undefined;

/** Whose code is this? */
function here(): string {
  const found: (string | undefined)[] = [];
  if (modes.includes('stores')) found.push(first.getStore(), second.getStore());
  if (modes.includes('hooks')) found.push(owners.get(executionAsyncId()));
  return found.map((each) => each ?? NOBODY).join(' ');
}

/** Calls as code of somebody's. */
function as<R>(who: string, call: () => R): R {
  let run = call;
  if (modes.includes('hooks')) {
    const inner = run;
    run = () =>
      new AsyncResource('request').runInAsyncScope(() => {
        owners.set(executionAsyncId(), who);
        return inner();
      });
  }
  if (modes.includes('stores')) {
    const inner = run;
    run = () => first.run(who, () => second.run(who, inner));
  }
  if (variable !== undefined) {
    const inner = run;
    run = () =>
      asyncio.copyContext().run(() => {
        variable.set(who);
        return inner();
      });
  }
  return run();
}

const wrong = new Map<string, Set<string>>();
let checks = 0;

/** Notes what is found where it is called. */
type Seen = (what?: string) => void;
/** Makes something, as its maker; what it returns is called by another, and has it called back. */
type Way = (seen: Seen) => unknown;

/** Tries a way as two makers, and outside of everything, at the same time. */
async function attempt(name: string, way: Way, withVariable = true): Promise<void> {
  await asyncio.gather(...MAKERS.map((maker) => () => attemptAs(maker, name, way, withVariable)));
}

const NOBODY = 'nobody';
const MAKERS = ['A', 'B', NOBODY];

/** Tries a way as one maker. */
async function attemptAs(
  who: string,
  name: string,
  way: Way,
  withVariable: boolean,
): Promise<void> {
  const asMaker = <R>(call: () => R): R => (who === NOBODY ? call() : as(who, call));
  const expected = asMaker(here);
  const called = new asyncio.Event();
  const note = (what: string): void => {
    wrong.set(name, (wrong.get(name) ?? new Set()).add(what));
  };
  const seen: Seen = (what = '') => {
    checks += 1;
    const value = variable?.get(NOBODY) ?? who;
    if (here() !== expected) note(`${what} of ${who}: ${here()}`);
    if (withVariable && value !== who) note(`${what} of ${who}: variable ${value}`);
    called.set();
  };
  const trigger = await asMaker(() => way(seen));
  await asyncio.sleep(0);
  if (typeof trigger === 'function') await as(`not ${who}`, trigger as () => unknown);
  try {
    await asyncio.timeout(30, () => called.wait());
  } catch {
    note(`of ${who}: was not called`);
  }
}

await asyncio.run(async () => {
  const loop = asyncio.getRunningLoop();
  loop.slowCallbackDuration = 100;
  loop.setExceptionHandler((_loop, { exception }) => {
    const { seen } = exception as { seen?: Seen };
    if (seen === undefined) console.log(exception);
    else seen();
  });

  const callbacks: Record<string, Way> = {
    callSoon: (seen) => void loop.callSoon(seen),
    callSoonThreadsafe: (seen) => void loop.callSoonThreadsafe(seen),
    callLater: (seen) => void loop.callLater(0.001, seen),
    callAt: (seen) => void loop.callAt(loop.time() + 0.001, seen),
    'a callback by a callback': (seen) => void loop.callSoon(() => loop.callLater(0.001, seen)),
    addDoneCallback: (seen) => {
      const future = loop.createFuture();
      future.addDoneCallback(() => seen());
      return () => future.setResult(1);
    },
    'addDoneCallback of what is done': (seen) => {
      const future = loop.createFuture();
      future.setResult(1);
      future.addDoneCallback(() => seen());
    },
    'addDoneCallback of a task that is cancelled': (seen) => {
      const task = asyncio.createTask(() => asyncio.sleep(100));
      task.addDoneCallback(() => seen());
      return () => task.cancel();
    },
    'then()': (seen) => {
      const future = loop.createFuture();
      void future.then(() => seen());
      void future.finally(() => seen());
      return () => future.setResult(1);
    },
    'then of an operation': (seen) => void asyncio.sleep(0.001).then(() => seen()),
    'a thread': (seen) => {
      const future = loop.runInExecutor(undefined, () => 1);
      future.addDoneCallback(() => seen());
      void future.then(() => seen());
    },
    'the exception handler': (seen) =>
      void loop.callSoon(() => {
        throw Object.assign(new Error('planted'), { seen });
      }),
    fromEvent: (seen) => {
      const target = new EventTarget();
      asyncio.createTask(async () => {
        await asyncio.fromEvent(target, 'go');
        seen();
      });
      return () => target.dispatchEvent(new Event('go'));
    },
    'a duplex': (seen) => {
      const duplex = new PassThrough();
      class Told extends asyncio.Protocol {
        override connectionMade = (): void => seen('connectionMade');
        override dataReceived = (): void => seen('dataReceived');
      }
      const made = asyncio.connectDuplex(() => new Told(), duplex);
      return made.then(([transport]) => async () => {
        duplex.write('x');
        await asyncio.sleep(0.001);
        transport.close();
      });
    },
  };

  /** Bodies that wait in one way each, and what goes on in them. */
  const bodies: Record<string, (seen: Seen) => PromiseLike<unknown>> = {
    'that begins': async (seen) => seen(),
    'that waits a turn': async (seen) => {
      await asyncio.sleep(0);
      seen();
    },
    'that sleeps': async (seen) => {
      await asyncio.sleep(0.001);
      seen();
    },
    'that waits for a promise': async (seen) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      seen();
      await asyncio.sleep(0);
      seen();
    },
    'that has a limit': async (seen) => {
      await asyncio
        .timeout(0.001, async () => {
          seen();
          try {
            await asyncio.sleep(100);
          } finally {
            seen();
          }
        })
        .catch(() => {});
      seen();
    },
    'that is abandoned': async (seen) => {
      await asyncio
        .timeout(0.001, async () => {
          await new Promise((resolve) => setTimeout(resolve, 10));
          seen();
        })
        .catch(() => {});
      seen();
      await asyncio.sleep(0.02);
    },
    'of a group': (seen) =>
      asyncio.taskGroup(async (group) => {
        group.createTask(async () => seen());
        group.createTask(async () => {
          await asyncio.sleep(0);
          seen();
        });
      }),
    'with gather()': (seen) =>
      asyncio.gather(
        async () => seen(),
        async () => {
          await asyncio.sleep(0.001);
          seen();
        },
      ),
    'with waitFor()': (seen) => asyncio.waitFor(async () => seen(), 1),
    'with shield()': (seen) => asyncio.shield(async () => seen()),
    'with asCompleted()': async (seen) => {
      for await (const each of asyncio.asCompleted([async () => seen()])) await each;
      seen();
    },
    'with wait()': async (seen) => {
      await asyncio.wait([asyncio.createTask(async () => seen())]);
      seen();
    },
    'with a lock': async (seen) => {
      await shared.with(async () => {
        await asyncio.sleep(0);
        seen();
      });
    },
    'with a generator': async (seen) => {
      const numbers = asyncio.asyncgen(async function* numbers() {
        seen();
        yield 1;
        await asyncio.sleep(0);
        seen();
      });
      for await (const _ of numbers()) seen();
    },
    'with to and fro in threads': async (seen) => {
      await asyncio.toThread(() => 1);
      seen();
    },
  };
  const shared = new asyncio.Lock();

  const all: Promise<unknown>[] = [];
  for (const [name, way] of Object.entries(callbacks)) all.push(attempt(name, way));
  for (const [name, body] of Object.entries(bodies)) {
    all.push(attempt(`createTask ${name}`, (seen) => void asyncio.createTask(() => body(seen))));
    all.push(
      attempt(`ensureFuture ${name}`, (seen) => void asyncio.ensureFuture(() => body(seen))),
    );
    all.push(
      attempt(
        `an eager task ${name}`,
        (seen) => void asyncio.createTask(() => body(seen), { eagerStart: true }),
      ),
    );
    all.push(
      attempt(
        `a task from a callback ${name}`,
        (seen) => void loop.callSoon(() => void asyncio.createTask(() => body(seen))),
      ),
    );
  }
  await Promise.all(all);

  const signal: Way = (seen) => {
    loop.addSignalHandler('SIGUSR2', seen);
    return () => process.kill(process.pid, 'SIGUSR2');
  };
  for (const who of MAKERS) await attemptAs(who, 'a signal', signal, true);

  for (const { name: driver, real } of DRIVERS) await network(driver, real);
});

async function network(driver: DriverName, real: boolean): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const on = (name: string): string => `${name} on ${driver}`;
  const families = [socket.AF_INET, socket.AF_UNIX];

  class Told extends asyncio.Protocol {
    transport: Transport | undefined;
    readonly seen: Seen;
    constructor(seen: Seen) {
      super();
      this.seen = seen;
      seen('made');
    }
    override connectionMade(transport: Transport): void {
      this.transport = transport;
      this.seen('connectionMade');
    }
    override dataReceived(): void {
      this.seen('dataReceived');
      this.transport?.write(Buffer.from('answer'));
    }
    override eofReceived(): undefined {
      this.seen('eofReceived');
    }
    override connectionLost(): void {
      this.seen('connectionLost');
    }
  }

  for (const family of families) {
    const kind = family === socket.AF_UNIX ? 'unix' : 'inet';
    const bound = (): ReturnType<typeof stream> => {
      const sock = stream(driver, family);
      sock.bind(freshAddress(family));
      return sock;
    };
    const client = async (address: Address): Promise<ReturnType<typeof stream>> => {
      const sock = stream(driver, family);
      await loop.sockConnect(sock, address);
      return sock;
    };
    /** Comes, has an answer, and goes. */
    const visit = async (address: Address): Promise<void> => {
      const sock = await client(address);
      await loop.sockSendall(sock, Buffer.from('hello'));
      await loop.sockRecv(sock, 100);
      sock.close();
      await asyncio.sleep(0.001);
    };

    for (const [what, options, later] of [
      ['a server', {}, false],
      ['a server that begins later', { startServing: false }, true],
      ['a server for one at a time', { maxConnections: 1 }, false],
    ] as const)
      await attempt(on(`${what}, ${kind}`), async (seen) => {
        const sock = bound();
        const address = sock.getsockname() as Address;
        const make = (): Told => new Told(seen);
        const server = await loop.createServer(make, undefined, undefined, { sock, ...options });
        if (later) await server.startServing();
        return async () => {
          await asyncio.gather(
            () => visit(address),
            () => visit(address),
            () => visit(address),
          );
          await visit(address);
          server.close();
          await server.waitClosed();
        };
      });

    await attempt(
      on(`streams, ${kind}`),
      async (seen) => {
        const sock = bound();
        const address = sock.getsockname() as Address;
        const server = await asyncio.startServer(
          async (reader, writer) => {
            seen('begins');
            await reader.read(100);
            seen('goes on');
            writer.write(Buffer.from('answer'));
            await writer.drain();
            seen('drained');
            writer.close();
          },
          undefined,
          undefined,
          { sock },
        );
        return async () => {
          await visit(address);
          server.close();
        };
      },
      false,
    );

    for (const end of ['close', 'abort', 'peer'] as const)
      await attempt(
        on(`a connection, ${kind}, ended by ${end}`),
        async (seen) => {
          const listener = bound();
          listener.listen();
          const sock = await client(listener.getsockname() as Address);
          const [peer] = await loop.sockAccept(listener);
          listener.close();
          const [transport] = await loop.createConnection(
            () => new Told(seen),
            undefined,
            undefined,
            { sock },
          );
          return async () => {
            transport.pauseReading();
            await asyncio.sleep(0);
            transport.resumeReading();
            await loop.sockSendall(peer, Buffer.from('x'));
            await loop.sockRecv(peer, 100);
            if (end === 'peer') peer.close();
            else transport[end]();
            await asyncio.sleep(0.002);
            peer.close();
          };
        },
        false,
      );
  }

  await attempt(
    on('TLS'),
    async (seen) => {
      const sock = stream(driver);
      sock.bind(freshAddress(socket.AF_INET));
      const address = sock.getsockname() as Address;
      const server = await loop.createServer(() => new Told(seen), undefined, undefined, {
        sock,
        ssl: { key, cert },
      });
      return async () => {
        const plain = stream(driver);
        await loop.sockConnect(plain, address);
        const [reader, writer] = await asyncio.openConnection(undefined, undefined, {
          sock: plain,
          ssl: { ca: cert },
          serverHostname: 'localhost',
        });
        writer.write(Buffer.from('x'));
        await reader.read(10);
        writer.close();
        await writer.waitClosed();
        await asyncio.sleep(0.005);
        server.close();
      };
    },
    false,
  );

  await attempt(
    on('a connection with TLS'),
    async (seen) => {
      const sock = stream(driver);
      sock.bind(freshAddress(socket.AF_INET));
      const address = sock.getsockname() as Address;
      let writers: { write(data: Uint8Array): void; close(): void } | undefined;
      // Nobody's: only the client is looked at.
      const server = await asyncio.startServer(
        (_reader, writer) => {
          writers = writer;
        },
        undefined,
        undefined,
        { sock, ssl: { key, cert } },
      );
      const plain = stream(driver);
      await loop.sockConnect(plain, address);
      await loop.createConnection(() => new Told(seen), undefined, undefined, {
        sock: plain,
        ssl: { ca: cert },
        serverHostname: 'localhost',
      });
      return async () => {
        while (writers === undefined) await asyncio.sleep(0.001);
        writers.write(Buffer.from('x'));
        await asyncio.sleep(0.005);
        writers.close();
        await asyncio.sleep(0.005);
        server.close();
      };
    },
    false,
  );

  await attempt(
    on('startTls'),
    async (seen) => {
      const [sock, peer] = socket.socketpair(undefined, undefined, undefined, { driver });
      // The transport underneath is another's.
      const plain = loop.createConnection(() => new asyncio.Protocol(), undefined, undefined, {
        sock,
      });
      const [raw] = await as('the one before', () => asyncio.createTask(plain));
      const ssl = { key, cert };
      const made = asyncio.createTask(() =>
        loop.startTls(raw, new Told(seen), ssl, { serverSide: true }),
      );
      const client = await loop.createConnection(
        () => new asyncio.Protocol(),
        undefined,
        undefined,
        {
          sock: peer,
          ssl: { ca: cert },
          serverHostname: 'localhost',
        },
      );
      await made;
      return async () => {
        client[0].write(Buffer.from('x'));
        await asyncio.sleep(0.005);
        client[0].close();
        await asyncio.sleep(0.005);
      };
    },
    false,
  );

  await attempt(
    on('datagrams'),
    async (seen) => {
      const sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0, {
        driver,
      });
      sock.bind(['127.0.0.1', 0]);
      const address = sock.getsockname() as Address;
      class Box extends asyncio.DatagramProtocol {
        override connectionMade = (): void => seen('connectionMade');
        override datagramReceived = (): void => seen('datagramReceived');
        override connectionLost = (): void => seen('connectionLost');
      }
      const [transport] = await loop.createDatagramEndpoint(() => new Box(), { sock });
      return async () => {
        const sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0, {
          driver,
        });
        await loop.sockSendto(sender, Buffer.from('x'), address);
        await asyncio.sleep(0.005);
        sender.close();
        transport.close();
        await asyncio.sleep(0);
      };
    },
    false,
  );

  if (real && driver !== 'node')
    await attempt(on('addReader and addWriter'), (seen) => {
      const [one, other] = socket.socketpair(undefined, undefined, undefined, { driver });
      loop.addWriter(one, () => {
        seen('writer');
        loop.removeWriter(one);
      });
      loop.addReader(one, () => {
        seen('reader');
        loop.removeReader(one);
        one.close();
        other.close();
      });
      return async () => {
        await asyncio.sleep(0.002);
        other.send(Buffer.from('x'));
      };
    });
}

console.log(`${checks > 400 ? 'many' : checks} checks`);
for (const [name, found] of wrong) for (const each of found) console.log(`${name}: ${each}`);
