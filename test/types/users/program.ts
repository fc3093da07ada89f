// A program as a user writes it: what is given is taken wherever it belongs.
import * as asyncio from 'asyncio-ts';
import { type Address, type InetAddress, type Socket, socketpair } from 'asyncio-ts/socket';
import { runChecked, runVirtual } from 'asyncio-ts/testing';
import { expectType } from './expect-type.ts';

/** A buffer of its own memory, as `Buffer.alloc()` gives it: `Buffer<ArrayBuffer>` from TypeScript 5.7 on. */
type Bytes = ReturnType<typeof Buffer.alloc>;

class Echo extends asyncio.Protocol {
  #transport: asyncio.Transport | undefined;

  override connectionMade(transport: asyncio.Transport): void {
    this.#transport = transport;
  }

  override dataReceived(data: Buffer): void {
    this.#transport?.write(data.toString('latin1').toUpperCase());
    this.#transport?.writelines([data, 'and text', new Uint8Array(1)]);
  }
}

/** What was written for a protocol that takes any bytes stays right. */
class Counter extends asyncio.Protocol {
  count = 0;

  override dataReceived(data: Uint8Array): void {
    this.count += data.length;
  }
}

class Datagrams extends asyncio.DatagramProtocol {
  override datagramReceived(data: Buffer, [host, port]: InetAddress): void {
    console.log(data.toString('utf8'), host, port.toFixed());
  }
}

export async function handle(
  reader: asyncio.StreamReader,
  writer: asyncio.StreamWriter,
): Promise<void> {
  expectType<Bytes>()(await reader.read());
  expectType<Bytes>()(await reader.readline());
  expectType<Bytes>()(await reader.readexactly(1));
  expectType<Blob>()(new Blob([await reader.readexactly(1)]));
  expectType<Bytes>()(await reader.readuntil(Uint8Array.of(0)));
  for await (const line of reader) console.log(line.toString('utf8').trimEnd());
  writer.write('text');
  writer.writelines(['text', new Uint8Array(1), Buffer.alloc(1)]);
  // @ts-expect-error a number is neither bytes nor text
  writer.write(1);

  expectType<Address | undefined>()(writer.getExtraInfo('sockname'));
  expectType<Address | null>()(writer.getExtraInfo('peername', null));
  expectType<asyncio.TransportSocket | undefined>()(writer.transport.getExtraInfo('socket'));
  const peer = writer.getExtraInfo('peername', '');
  if (typeof peer !== 'string') expectType<number>()(peer[1]);
  const name: string = 'of another kind';
  expectType<unknown>()(writer.getExtraInfo(name));
  await writer.drain();
}

async function serve(loop: asyncio.Loop): Promise<void> {
  await using server = await asyncio.startServer(handle, '127.0.0.1', 0, { limit: 1024 });
  await using other = await loop.createServer(() => new Echo(), '127.0.0.1', 0);
  await using taken = await asyncio.openServer('127.0.0.1', 0);
  expectType<number | undefined>()(server.port);
  expectType<number | undefined>()(taken.port);
  const [transport, protocol] = await loop.createConnection(
    () => new Counter(),
    '127.0.0.1',
    other.port,
  );
  expectType<number>()(protocol.count);
  transport.close();
  const [reader, writer] = await asyncio.openConnection('127.0.0.1', server.port);
  await handle(reader, writer);
  await loop.createDatagramEndpoint(() => new Datagrams(), { localAddr: ['127.0.0.1', 0] });
}

/** Whoever takes a loop takes the one that is given. */
async function onLoop(loop: asyncio.Loop): Promise<void> {
  asyncio.setEventLoop(loop);
  const future = new asyncio.Future<number>({ loop });
  expectType<asyncio.Task<unknown> | undefined>()(asyncio.currentTask(loop));
  expectType<Set<asyncio.Task<unknown>>>()(asyncio.allTasks(loop));
  asyncio.ensureFuture(future, { loop });
  asyncio.wrapPromise(Promise.resolve(1), { loop });
  asyncio.runCoroutineThreadsafe(asyncio.sleep(1), loop);
  const reader = new asyncio.StreamReader({ loop });
  const protocol = new asyncio.StreamReaderProtocol(reader, undefined, { loop });
  await loop.createConnection(() => protocol, '127.0.0.1', 1);
  loop.setTaskFactory(asyncio.eagerTaskFactory);
  loop.setDefaultExecutor(new asyncio.ThreadPoolExecutor(1));
  loop.setExceptionHandler((loop, context) => loop.defaultExceptionHandler(context));
  expectType<string>()(await loop.runUntilComplete(async () => 'x'));
}

async function onSockets(loop: asyncio.Loop): Promise<void> {
  const [left, right]: [Socket, Socket] = socketpair();
  expectType<Bytes>()(left.recv(1));
  expectType<Bytes>()(await loop.sockRecv(left, 1));
  expectType<[data: Bytes, address: Address]>()(await loop.sockRecvfrom(left, 1));
  await loop.sockSendall(right, new Uint8Array(1));
  await loop.sockConnect(left, right.getsockname());
  const [connected, address] = await loop.sockAccept(left);
  await loop.sockConnect(connected, address);
}

const work = asyncio.coroutine(async (count: number) => count);

async function tasks(): Promise<void> {
  const task = asyncio.createTask(work(1), { name: 'work' });
  expectType<asyncio.Task<number>>()(task);
  expectType<number>()(await task);
  expectType<[number, string, number]>()(
    await asyncio.gather(work(1), async () => 'x', asyncio.sleep(1, 2)),
  );
  expectType<(number | Error)[]>()(
    await asyncio.gather(...[1, 2].map(work), { returnExceptions: true }),
  );
  const one = await asyncio.taskGroup(async (group) => group.createTask(work(1)));
  expectType<number>()(one);
  const limited = await asyncio.taskGroup(
    async (group) => await group.start<number>(async (ready) => ready(1)),
    { limit: 2 },
  );
  expectType<number>()(limited);
  expectType<[number, string]>()(await asyncio.gather(work(1), async () => 'x', { limit: 1 }));
  interface Urgent {
    readonly priority?: number;
  }
  asyncio
    .getRunningLoop()
    .setTaskFactory<Urgent>(
      (loop, body, { priority = 0, ...options }) =>
        new asyncio.Task(body, { ...options, name: priority.toFixed(), loop }),
    );
  expectType<asyncio.Task<number>>()(asyncio.createTask<number, Urgent>(work(1), { priority: 1 }));
  await asyncio.taskGroup(
    async (group) => void group.createTask<number, Urgent>(work(1), { name: 'n', priority: 1 }),
  );
  // @ts-expect-error nobody has said that it takes a priority
  asyncio.createTask(work(1), { priority: 1 });
  expectType<asyncio.EventLoop>()(new asyncio.EventLoop());
  await asyncio.openUnixConnection(new URL('file:///tmp/socket'));
  await asyncio.startUnixServer(() => {}, Buffer.from('/tmp/socket'));
  // @ts-expect-error a path is no number
  await asyncio.openUnixConnection(5);
  const [sender, receiver] = asyncio.channel<number>(1);
  await sender.send(1);
  // @ts-expect-error it is a channel of numbers
  await sender.send('1');
  expectType<number>()(await receiver.receive());
  for await (const item of receiver.clone()) expectType<number>()(item);
  const maybe = await asyncio.taskGroup<number | undefined>(async (group) => {
    group.cancel();
    return await work(1);
  });
  expectType<number | undefined>()(maybe);
  expectType<number>()(await asyncio.timeout(1, async () => await work(1)));
  expectType<number>()(await asyncio.waitFor(work(1), 1));
  expectType<number>()(await asyncio.shield(task));
  for (const next of asyncio.asCompleted([task])) expectType<number>()(await next);
  const [done, pending] = await asyncio.wait([task], { returnWhen: asyncio.FIRST_COMPLETED });
  expectType<number>()(done.size + pending.size);
  const queue = new asyncio.Queue<string>();
  expectType<string>()(await queue.get());
  const lock = new asyncio.Lock();
  expectType<number>()(await lock.with(async () => 1));
}

export async function main(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  await serve(loop);
  await onLoop(loop);
  await onSockets(loop);
  await tasks();
}

expectType<Promise<number>>()(asyncio.run(work(1)));
expectType<Promise<void>>()(asyncio.run(main));
expectType<Promise<void>>()(runChecked(main));
expectType<Promise<void>>()(runVirtual(main));
