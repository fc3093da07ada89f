import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import { takeSnapshot } from '../../src/inspect/snapshot/snapshot.ts';
import * as socket from '../../src/socket.ts';
import { behaviour } from '../support/behaviour.ts';
import { DRIVERS, filled, listening, stream } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { CLIENT, SERVER } from '../support/tls.ts';
import { awaitableNames } from './support/awaitables.ts';

/** What waits begin on. */
interface Stage {
  readonly loop: asyncio.Loop;
  readonly driver: socket.DriverName;
  /** Aborted at the end. */
  readonly ending: AbortController;
  /** Closes it at the end. */
  keep<T extends { close(): unknown }>(one: T): T;
  /** A socket whose peer is silent. */
  sock(): socket.Socket;
  streams(): Promise<asyncio.Streams>;
  transport(): Promise<asyncio.Transport>;
  /** A process that does nothing. */
  child(): Promise<asyncio.Process>;
  server(): Promise<asyncio.Server>;
  openServer(): Promise<asyncio.StreamServer>;
  /** The descriptor of a file. */
  readonly file: number;
}

/** What is shown while it waits, how it begins to, and what has to be there before. */
interface Case {
  readonly words: RegExp;
  readonly begin: (stage: Stage, given: never) => unknown;
  readonly prepare?: (stage: Stage) => unknown;
}

/** A case for which nothing has to be there before. */
function says(words: RegExp, begin: (stage: Stage) => unknown): Case {
  return { words, begin };
}

/** A case on what `prepare` makes. */
function on<T>(
  prepare: (stage: Stage) => T | Promise<T>,
  words: RegExp,
  begin: (given: T, stage: Stage) => unknown,
): Case {
  return { words, begin: (stage, given) => begin(given, stage), prepare };
}

const NAME = 'a-name.invalid';
const SLEEP = ['sleep', '1000'] as const;
/** More than a connection takes whose peer is silent. */
const LONG = Buffer.alloc(3_000_000);
const HOST = { serverHostname: 'localhost' } as const;
const protocol = (): asyncio.Protocol => new asyncio.Protocol();
const forever = async (): Promise<unknown> => await new asyncio.Event().wait();
/** What ends a call in a thread. */
const gate = new Int32Array(new SharedArrayBuffer(4));
const waitAtGate = (closed: Int32Array): void => void Atomics.wait(closed, 0, 0);

const LOOK_UP = /^getaddrinfo on 'a-name\.invalid'$/;
const HANDSHAKE = /^connectionMade on <_SSLProtocolTransport /;
const LOCK = /^Lock\.acquire on <.*, 0 before it$/;
const EVENT = /^Event\.wait on <.*\[unset, waiters:1\]>/;
const SEMAPHORE = /^Semaphore\.acquire on </;
const CONDITION = /^Condition\.wait on </;
const CLOSED = /^Server\.waitClosed on <Server .*>, open connections: \d+$/;
const GROUP = /^taskGroup on <TaskGroup tasks=1 entered>$/;

const streams = ({ streams }: Stage): Promise<asyncio.Streams> => streams();
const server = ({ server }: Stage): Promise<asyncio.Server> => server();
const openServer = ({ openServer }: Stage): Promise<asyncio.StreamServer> => openServer();
const fullQueue = (): asyncio.Queue<number> => {
  const queue = new asyncio.Queue<number>(1);
  queue.putNowait(1);
  return queue;
};
const locked = async <T extends asyncio.Lock | asyncio.Condition>(lock: T): Promise<T> => {
  await lock.acquire();
  return lock;
};
const lock = (): Promise<asyncio.Lock> => locked(new asyncio.Lock());
const condition = (): Promise<asyncio.Condition> => locked(new asyncio.Condition());

/** What is not waited for at once: it waits for what `iterable` gives next. */
async function next(iterable: AsyncIterable<unknown>): Promise<unknown> {
  for await (const one of iterable) return one;
  return undefined;
}

const CASES: Readonly<Record<string, Case>> = {
  'Barrier.wait': says(/^Barrier\.wait on <.*1\/2\]>, 0 before it$/, () =>
    new asyncio.Barrier(2).wait(),
  ),
  'ChannelReceiver.[asyncIterator]': on(
    () => asyncio.channel(0),
    /^ChannelReceiver\.receive on </,
    ([, receiver]) => next(receiver),
  ),
  'ChannelReceiver.receive': on(
    () => asyncio.channel(0),
    /^ChannelReceiver\.receive on </,
    ([, receiver]) => receiver.receive(),
  ),
  'ChannelSender.send': on(
    () => asyncio.channel(0),
    /^ChannelSender\.send on </,
    ([sender]) => sender.send(1),
  ),
  'Condition.acquire': on(condition, LOCK, (one) => one.acquire()),
  'Condition.hold': on(condition, LOCK, (one) => one.hold()),
  'Condition.wait': says(CONDITION, async () => {
    const one = await condition();
    await one.wait();
  }),
  'Condition.waitFor': says(CONDITION, async () => {
    const one = await condition();
    await one.waitFor(() => false);
  }),
  'Condition.with': on(condition, LOCK, (one) => one.with(() => {})),
  'Event.wait': says(EVENT, forever),
  'Lock.acquire': on(lock, LOCK, (one) => one.acquire()),
  'Lock.hold': on(lock, LOCK, (one) => one.hold()),
  'Lock.with': on(lock, LOCK, (one) => one.with(() => {})),
  'Loop.connectAcceptedSocket': says(HANDSHAKE, ({ loop, sock }) =>
    loop.connectAcceptedSocket(protocol, sock(), { ssl: SERVER }),
  ),
  'Loop.connectReadPipe': says(/^connectionMade on </, ({ loop, sock, driver }) =>
    loop.connectReadPipe(protocol, sock(), { driver }),
  ),
  'Loop.connectWritePipe': says(/^connectionMade on </, ({ loop, sock, driver }) =>
    loop.connectWritePipe(protocol, sock(), { driver }),
  ),
  'Loop.createConnection': says(LOOK_UP, ({ loop }) => loop.createConnection(protocol, NAME, 80)),
  'Loop.createDatagramEndpoint': says(LOOK_UP, ({ loop }) =>
    loop.createDatagramEndpoint(() => new asyncio.DatagramProtocol(), { localAddr: [NAME, 0] }),
  ),
  'Loop.createServer': says(LOOK_UP, ({ loop }) => loop.createServer(protocol, NAME, 80)),
  'Loop.createUnixConnection': says(HANDSHAKE, ({ loop, sock }) =>
    loop.createUnixConnection(protocol, undefined, { sock: sock(), ssl: CLIENT, ...HOST }),
  ),
  'Loop.getaddrinfo': says(LOOK_UP, ({ loop }) => loop.getaddrinfo(NAME, 80)),
  'Loop.getnameinfo': says(/^getnameinfo on \['127\.0\.0\.1', 80\]$/, ({ loop }) =>
    loop.getnameinfo(['127.0.0.1', 80]),
  ),
  'Loop.runInExecutor': says(/^runInExecutor, waitAtGate\(\) runs$/, ({ loop }) =>
    loop.runInExecutor(undefined, waitAtGate, gate),
  ),
  'Loop.sendfile': on(
    async ({ transport }) => {
      const to = await transport();
      to.write(LONG);
      return to;
    },
    /^sendfile/,
    (to, { loop, file }) => loop.sendfile(to, file),
  ),
  'Loop.shutdownDefaultExecutor': says(
    /^shutdownDefaultExecutor on <ThreadPoolExecutor threads=/,
    ({ loop }) => {
      loop.runInExecutor(undefined, waitAtGate, gate);
      return loop.shutdownDefaultExecutor();
    },
  ),
  'Loop.sockAccept': says(/^sockAccept on </, ({ loop, driver, keep }) =>
    loop.sockAccept(keep(listening(driver))),
  ),
  'Loop.sockConnect': says(
    /^sockConnect on <.*, its address is being looked up$/,
    ({ loop, driver, keep }) => loop.sockConnect(keep(stream(driver)), [NAME, 80]),
  ),
  'Loop.sockRecv': says(/^sockRecv on </, ({ loop, sock }) => loop.sockRecv(sock(), 1)),
  'Loop.sockRecvInto': says(/^sockRecvInto on </, ({ loop, sock }) =>
    loop.sockRecvInto(sock(), Buffer.alloc(1)),
  ),
  'Loop.sockRecvfrom': says(/^sockRecvfrom on </, ({ loop, sock }) => loop.sockRecvfrom(sock(), 1)),
  'Loop.sockRecvfromInto': says(/^sockRecvfromInto on </, ({ loop, sock }) =>
    loop.sockRecvfromInto(sock(), Buffer.alloc(1)),
  ),
  'Loop.sockSendall': says(/^sockSendall on <.*, \d+ of 3000000 bytes sent$/, ({ loop, sock }) =>
    loop.sockSendall(sock(), LONG),
  ),
  'Loop.sockSendfile': on(
    ({ sock }) => {
      const one = sock();
      filled(one);
      return one;
    },
    /^sockSend/,
    (full, { loop, file }) => loop.sockSendfile(full, file),
  ),
  'Loop.startTls': on(
    ({ transport }) => transport(),
    /^startTls on </,
    (one, { loop }) => loop.startTls(one, protocol(), CLIENT, HOST),
  ),
  'Loop.subprocessExec': says(/^subprocessExec$/, ({ loop }) =>
    loop.subprocessExec(() => new asyncio.SubprocessProtocol(), ...SLEEP),
  ),
  'Loop.subprocessShell': says(/^subprocessExec$/, ({ loop }) =>
    loop.subprocessShell(() => new asyncio.SubprocessProtocol(), 'exec sleep 1000'),
  ),
  'Process.communicate': on(
    ({ child }) => child(),
    /^(?:gather, \d of \d not done|Process\.wait on <.*)$/,
    (one) => one.communicate(),
  ),
  'Process.wait': on(
    ({ child }) => child(),
    /^Process\.wait on </,
    (one) => one.wait(),
  ),
  'Queue.get': says(/^Queue\.get on </, () => new asyncio.Queue().get()),
  'Queue.join': says(/^Queue\.join on </, () => fullQueue().join()),
  'Queue.put': says(/^Queue\.put on </, () => fullQueue().put(2)),
  'Semaphore.acquire': says(SEMAPHORE, () => new asyncio.Semaphore(0).acquire()),
  'Semaphore.hold': says(SEMAPHORE, () => new asyncio.BoundedSemaphore(0).hold()),
  'Semaphore.with': says(SEMAPHORE, () => new asyncio.Semaphore(0).with(() => {})),
  'Server.[asyncDispose]': on(withClient, CLOSED, (one) => one[Symbol.asyncDispose]()),
  'Server.serveForever': on(server, /^Server\.serveForever on <Server /, (one) =>
    one.serveForever(),
  ),
  'Server.shutdown': on(withClient, CLOSED, (one) => one.shutdown({ grace: 1000 })),
  'Server.waitClosed': on(server, CLOSED, (one) => one.waitClosed()),
  'StreamReader.[asyncIterator]': on(streams, /^StreamReader\.\w+ on </, ([reader]) =>
    next(reader),
  ),
  'StreamReader.peek': on(streams, /^StreamReader\.peek on </, ([reader]) => reader.peek(1)),
  'StreamReader.read': on(streams, /^StreamReader\.read on </, ([reader]) => reader.read()),
  'StreamReader.readexactly': on(streams, /^StreamReader\.readexactly on </, ([reader]) =>
    reader.readexactly(1),
  ),
  'StreamReader.readline': on(streams, /^StreamReader\.readuntil on </, ([reader]) =>
    reader.readline(),
  ),
  'StreamReader.readuntil': on(streams, /^StreamReader\.readuntil on </, ([reader]) =>
    reader.readuntil('x'),
  ),
  'StreamServer.[asyncDispose]': on(
    async ({ openServer, loop, driver, keep }) => {
      const one = await openServer();
      await loop.sockConnect(keep(stream(driver)), one.sockets[0]?.getsockname() as never);
      await one.accept();
      return one;
    },
    CLOSED,
    (one) => one[Symbol.asyncDispose](),
  ),
  'StreamServer.[asyncIterator]': on(openServer, /^StreamServer\.accept on <Server sockets=/, next),
  'StreamServer.accept': on(openServer, /^StreamServer\.accept on <Server sockets=/, (one) =>
    one.accept(),
  ),
  'StreamServer.waitClosed': on(openServer, CLOSED, (one) => one.waitClosed()),
  'StreamWriter.[asyncDispose]': on(streams, /^StreamWriter\.waitClosed$/, ([, writer]) => {
    writer.write(LONG);
    return writer[Symbol.asyncDispose]();
  }),
  'StreamWriter.drain': on(streams, /^StreamWriter\.drain$/, ([, writer]) => {
    writer.write(LONG);
    return writer.drain();
  }),
  'StreamWriter.startTls': on(streams, /^startTls on </, ([, writer]) =>
    writer.startTls(CLIENT, HOST),
  ),
  'StreamWriter.waitClosed': on(streams, /^StreamWriter\.waitClosed$/, ([, writer]) =>
    writer.waitClosed(),
  ),
  'TaskGroup.run': says(GROUP, () => {
    const group = new asyncio.TaskGroup();
    return group.run(() => void group.createTask(forever));
  }),
  'TaskGroup.start': says(/^TaskGroup\.start on <TaskGroup /, () =>
    asyncio.taskGroup(async (group) => await group.start(forever)),
  ),
  'ThreadPoolExecutor.[asyncDispose]': on(
    busyExecutor,
    /^ThreadPoolExecutor\.shutdown on <ThreadPoolExecutor threads=1 /,
    (executor) => executor[Symbol.asyncDispose](),
  ),
  'ThreadPoolExecutor.shutdown': on(
    busyExecutor,
    /^ThreadPoolExecutor\.shutdown on <ThreadPoolExecutor threads=1 /,
    (executor) => executor.shutdown(),
  ),
  'ThreadPoolExecutor.submit': on(
    busyExecutor,
    /^ThreadPoolExecutor\.submit on <ThreadPoolExecutor .*>, waitAtGate\(\) waits for a thread$/,
    (executor) => executor.submit(waitAtGate, gate),
  ),
  'Timeout.run': says(EVENT, () => new asyncio.Timeout(1e9).run(forever)),
  asCompleted: says(/^asCompleted, 2 not done$/, () =>
    next(asyncio.asCompleted([forever(), forever()])),
  ),
  connectDuplex: says(/^connectionMade on </, () =>
    asyncio.connectDuplex(protocol, new PassThrough()),
  ),
  createConnection: says(LOOK_UP, () => socket.createConnection([NAME, 80])),
  createSubprocessExec: says(/^subprocessExec$/, () => asyncio.createSubprocessExec(...SLEEP)),
  createSubprocessShell: says(/^subprocessExec$/, () =>
    asyncio.createSubprocessShell('exec sleep 1000'),
  ),
  enter: says(/^enter on the entered$/, ({ ending: { signal } }) =>
    asyncio.enter(forever, { name: 'the entered', signal }),
  ),
  fromDuplex: says(/^connectionMade on </, () => asyncio.fromDuplex(new PassThrough())),
  fromEvent: says(/^fromEvent, 'x' of EventTarget$/, () =>
    asyncio.fromEvent(new EventTarget(), 'x'),
  ),
  gather: says(/^gather, 2 of 2 not done$/, () => asyncio.gather(forever, forever)),
  getaddrinfo: says(LOOK_UP, () => socket.getaddrinfo(NAME, 80)),
  getfqdn: says(LOOK_UP, () => socket.getfqdn(NAME)),
  gethostbyaddr: says(LOOK_UP, () => socket.gethostbyaddr(NAME)),
  gethostbyname: says(LOOK_UP, () => socket.gethostbyname(NAME)),
  gethostbynameEx: says(LOOK_UP, () => socket.gethostbynameEx(NAME)),
  getnameinfo: says(/^getnameinfo on \['127\.0\.0\.1', 80\]$/, () =>
    socket.getnameinfo(['127.0.0.1', 80]),
  ),
  moveOnAfter: says(EVENT, () => asyncio.moveOnAfter(1000, forever)),
  openConnection: says(HANDSHAKE, ({ sock }) =>
    asyncio.openConnection(undefined, undefined, { sock: sock(), ssl: CLIENT, ...HOST }),
  ),
  openServer: says(LOOK_UP, () => asyncio.openServer(NAME, 80)),
  openUnixConnection: says(HANDSHAKE, ({ sock }) =>
    asyncio.openUnixConnection(undefined, { sock: sock(), ssl: CLIENT, ...HOST }),
  ),
  runCoroutineThreadsafe: says(/^runCoroutineThreadsafe/, ({ loop }) =>
    asyncio.runCoroutineThreadsafe(forever, loop),
  ),
  shield: says(/^shield on Task-\d+$/, () => asyncio.shield(forever)),
  shielded: says(EVENT, () => asyncio.shielded(0.001, forever)),
  sleep: says(/^sleep, (?:1000\.0|999\.\d) s to go$/, () => asyncio.sleep(1000)),
  startServer: says(LOOK_UP, () => asyncio.startServer(() => {}, NAME, 80)),
  taskGroup: says(GROUP, () => asyncio.taskGroup((group) => void group.createTask(forever))),
  timeout: says(EVENT, () => asyncio.timeout(1000, forever)),
  timeoutAt: says(EVENT, () => asyncio.timeoutAt(1e9, forever)),
  toThread: says(/^toThread, waitAtGate\(\) runs$/, () => asyncio.toThread(waitAtGate, gate)),
  wait: says(/^wait, 1 of 1 not done$/, () => asyncio.wait([asyncio.createTask(forever)])),
  waitFor: says(EVENT, () => asyncio.waitFor(forever, 1000)),
  wrapPromise: says(/^a promise that asyncio-ts did not create$/, () =>
    asyncio.wrapPromise(new Promise(() => {})),
  ),
};

const NOW = 'gives it at once';
const OUTSIDE = 'is called where no task runs';
const SIMULATED = 'is a part of simulations';
const ONE_TURN = 'waits for no longer than a turn';

/** Why others have no case. */
const WITHOUT: Readonly<Record<string, string>> = {
  'Barrier.abort': ONE_TURN,
  'Barrier.reset': ONE_TURN,
  'ChannelEnd.[asyncDispose]': NOW,
  'Held.[asyncDispose]': NOW,
  'History.record': SIMULATED,
  'Loop.createFuture': NOW,
  'Loop.createTask': NOW,
  'Loop.createUnixServer': 'binds at once',
  'Loop.runForever': OUTSIDE,
  'Loop.runUntilComplete': OUTSIDE,
  'Loop.shutdownAsyncgens': 'runs generators, whose waits have words',
  'Loop.sockSendto': 'waits only where a system holds datagrams back',
  'Runner.[asyncDispose]': OUTSIDE,
  'Runner.close': OUTSIDE,
  'Runner.run': OUTSIDE,
  'Server.startServing': 'listens at once',
  'Socket.[asyncDispose]': NOW,
  'Task.getCoro': NOW,
  'TaskGroup.createTask': NOW,
  'World.ended': SIMULATED,
  'World.eventually': SIMULATED,
  allTasks: NOW,
  checkLinearizable: SIMULATED,
  createServer: NOW,
  createTask: NOW,
  currentTask: NOW,
  ensureFuture: NOW,
  openUnixServer: 'binds at once',
  run: OUTSIDE,
  runChecked: OUTSIDE,
  runVirtual: OUTSIDE,
  settle: ONE_TURN,
  simulate: OUTSIDE,
  startUnixServer: 'binds at once',
};

/** A server with a client. */
async function withClient(stage: Stage): Promise<asyncio.Server> {
  const one = await stage.server();
  const client = stage.keep(stream(stage.driver));
  await stage.loop.sockConnect(client, one.sockets[0]?.getsockname() as never);
  while (one._connectionCount === 0) await asyncio.sleep(0);
  return one;
}

/** Its only thread is busy. */
function busyExecutor({ keep }: Stage): asyncio.ThreadPoolExecutor {
  const executor = new asyncio.ThreadPoolExecutor(1);
  void executor.submit(waitAtGate, gate);
  keep({
    close: async () => {
      openGate();
      await executor.shutdown();
    },
  });
  return executor;
}

function openGate(): void {
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
}

/** How many turns something may take until it waits for what is expected. */
const MOST_TURNS = 200;
/** How often something is begun that waits for a turn only: a snapshot that takes long lets that pass. */
const MOST_TRIES = 10;

/** What is said of a task, once it says what is expected, or not in the end. */
async function wordsOf(stage: Stage, one: Case): Promise<readonly string[]> {
  for (let tries = 1; ; tries += 1) {
    const [said, hasEnded] = await wordsOfOne(stage, one);
    if (!hasEnded || tries === MOST_TRIES || said.some((words) => one.words.test(words)))
      return said;
  }
}

async function wordsOfOne(
  stage: Stage,
  { words, begin, prepare }: Case,
): Promise<[said: readonly string[], hasEnded: boolean]> {
  const given = (await prepare?.(stage)) as never;
  const name = 'the task that waits';
  const task = asyncio.createTask(async () => await (begin(stage, given) as Promise<unknown>), {
    name,
    eagerStart: true,
  });
  // Coroutines begin some microtasks later.
  for (let at = 0; at < 10; at += 1) await null;
  let said: string[] = [];
  for (let turn = 0; turn < MOST_TURNS && !task.done(); turn += 1) {
    const { loops } = await takeSnapshot();
    const all = loops.flatMap(({ tasks }) => tasks);
    const found = all.find((one) => one.name === name);
    // Some wait for a `gather()` of ours.
    const below = all.filter(({ awaitedBy }) => awaitedBy.includes(found?.id as number));
    said = [found, ...below].flatMap((one) => one?.waits.map((wait) => wait.words) ?? []);
    if (said.some((one) => words.test(one))) break;
    await asyncio.sleep(0);
  }
  const hasEnded = task.done();
  // A cancel does not reach all of them.
  openGate();
  stage.ending.abort();
  task.cancel();
  await asyncio.wait([task]);
  if (hasEnded && !task.cancelled()) said = [...said, `it has ended: ${task.exception()}`];
  return [said, hasEnded];
}

/** Names are looked up for ever. */
async function withoutDns(act: () => Promise<void>): Promise<void> {
  const dns = createRequire(import.meta.url)('node:dns') as Record<string, unknown>;
  const { lookup, lookupService } = dns;
  Object.assign(dns, { lookup: () => {}, lookupService: () => {} });
  try {
    await act();
  } finally {
    Object.assign(dns, { lookup, lookupService });
  }
}

async function onStage(
  loop: asyncio.Loop,
  driver: socket.DriverName,
  act: (stage: Stage) => Promise<void>,
): Promise<void> {
  const kept: { close(): unknown }[] = [];
  const keep: Stage['keep'] = (one) => {
    kept.unshift(one);
    return one;
  };
  const sock = (): socket.Socket => {
    const [one, two] = socket.socketpair(undefined, undefined, undefined, { driver });
    for (const end of [keep(one), keep(two)]) end.setblocking(false);
    return one;
  };
  const file = openSync(fileURLToPath(import.meta.url), 'r');
  try {
    await act({
      loop,
      driver,
      ending: new AbortController(),
      keep,
      sock,
      file,
      streams: async () => {
        const streams = await asyncio.openConnection(undefined, undefined, { sock: sock() });
        keep({ close: () => streams[1].transport.abort() });
        return streams;
      },
      transport: async () => {
        const options = { sock: sock() };
        const [made] = await loop.createConnection(protocol, undefined, undefined, options);
        keep({ close: () => made.abort() });
        return made;
      },
      child: async () => {
        const child = await asyncio.createSubprocessExec(...SLEEP);
        keep({
          close: async () => {
            child.kill();
            await child.wait();
          },
        });
        return child;
      },
      server: async () => {
        const options = { sock: listening(driver) };
        const server = await loop.createServer(protocol, undefined, undefined, options);
        keep({ close: () => server.close() });
        keep({ close: () => server.abortClients() });
        return server;
      },
      openServer: async () => {
        const options = { sock: listening(driver) };
        const server = await asyncio.openServer(undefined, undefined, options);
        keep({ close: () => server.close() });
        keep({ close: () => server.server.abortClients() });
        return server;
      },
    });
  } finally {
    for (const one of kept) await one.close();
    closeSync(file);
    openGate();
    const left = [...asyncio.allTasks()].filter((one) => one !== asyncio.currentTask());
    for (const one of left) one.cancel();
    if (left.length > 0) await asyncio.wait(left);
    await loop.shutdownDefaultExecutor();
    Atomics.store(gate, 0, 0);
  }
}

behaviour('Every function that waits', (it) => {
  it('is covered by this test', () => {
    assert.equal(
      awaitableNames(['index.ts', 'socket.ts', 'testing.ts']),
      [...Object.keys(CASES), ...Object.keys(WITHOUT)].sort(),
    );
  });
});

for (const { name } of DRIVERS)
  loopBehaviour(`Every function that waits (${name})`, (it) => {
    for (const one of Object.keys(CASES))
      it(
        `describes what it waits for: ${one}`,
        async (loop) => {
          await withoutDns(
            async () =>
              await onStage(loop, name, async (stage) => {
                const { words } = CASES[one] as Case;
                const said = await wordsOf(stage, CASES[one] as Case);
                assert.ok(
                  said.some((each) => words.test(each)),
                  said.join(' | ') || 'nothing',
                );
              }),
          );
        },
        { clock: 'real' },
      );
  });
