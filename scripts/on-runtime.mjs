// Run by `npm run matrix` on each runtime: prints a line for each feature, "passes" or what went wrong.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as asyncio from 'asyncio-ts';
import * as socket from 'asyncio-ts/socket';

/** How long one feature may take, in milliseconds. */
const PATIENCE_MS = 5000;

function expect(isSo, what) {
  if (!isSo) throw new Error(`not so: ${what}`);
}

async function echoOnce(reader, writer) {
  writer.write(await reader.readline());
  await writer.drain();
  writer.close();
}

async function expectEcho([reader, writer]) {
  writer.write('hello\n');
  expect(String(await reader.read()) === 'hello\n', 'an echo');
  writer.close();
  await writer.waitClosed();
}

const features = {
  'run(), sleep()': () => asyncio.sleep(0.01),
  'tasks, gather()': async () => {
    const each = (n) => async () => {
      await asyncio.sleep(0.01);
      return n;
    };
    expect(String(await asyncio.gather(each(1), each(2))) === '1,2', 'results');
  },
  'cancel()': async () => {
    let seen;
    const task = asyncio.createTask(() =>
      asyncio.sleep(10).catch((error) => {
        seen = error;
        throw error;
      }),
    );
    await asyncio.sleep(0);
    task.cancel();
    await task.catch(() => {});
    expect(seen instanceof asyncio.CancelledError && task.cancelled(), 'cancelled');
  },
  'timeout()': async () => {
    const error = await asyncio.timeout(0.01, () => asyncio.sleep(10)).catch((each) => each);
    expect(error instanceof asyncio.TimeoutError, 'a TimeoutError');
  },
  'taskGroup()': async () => {
    let done = false;
    await asyncio.taskGroup(async (group) => {
      group.createTask(async () => {
        await asyncio.sleep(0.01);
        done = true;
      });
    });
    expect(done, 'waited');
  },
  'currentTask() after other promises': async () => {
    const task = asyncio.currentTask();
    await null;
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(task !== undefined && asyncio.currentTask() === task, 'the task');
  },
  ContextVar: async () => {
    const variable = new asyncio.ContextVar('variable');
    variable.set(1);
    await asyncio.createTask(async () => {
      await asyncio.sleep(0);
      expect(variable.get() === 1, 'inherited');
      variable.set(2);
    });
    expect(variable.get() === 1, 'kept');
  },
  'Lock, Queue': async () => {
    const queue = new asyncio.Queue();
    const task = asyncio.createTask(() => queue.get());
    await new asyncio.Lock().with(() => queue.put(5));
    expect((await task) === 5, 'the item');
  },
  'fromDuplex(net.connect())': async () => {
    const server = net.createServer((peer) => peer.pipe(peer)).listen(0, '127.0.0.1');
    await asyncio.wrapPromise(new Promise((resolve) => server.once('listening', resolve)));
    const duplex = net.connect(server.address().port, '127.0.0.1');
    const [reader, writer] = await asyncio.fromDuplex(duplex);
    writer.write('hello\n');
    expect(String(await reader.readline()) === 'hello\n', 'an echo');
    writer.close();
    await writer.waitClosed();
    server.close();
  },
  'streams in memory': async () => {
    const [one, other] = socket.socketpair(undefined, undefined, undefined, { driver: 'memory' });
    const task = asyncio.createTask(async () => {
      await echoOnce(...(await asyncio.openConnection(undefined, undefined, { sock: other })));
    });
    await expectEcho(await asyncio.openConnection(undefined, undefined, { sock: one }));
    await task;
  },
  'toThread()': async () => {
    expect((await asyncio.toThread((a, b) => a + b, 40, 2)) === 42, 'a sum');
  },
  'startServer(), openConnection()': async () => {
    const server = await asyncio.startServer(echoOnce, '127.0.0.1', 0);
    const [, port] = server.sockets[0].getsockname();
    await expectEcho(await asyncio.openConnection('127.0.0.1', port));
    server.close();
  },
  TLS: async () => {
    const pem = readFileSync(new URL('../test/parity/fixtures/self-signed.pem', import.meta.url));
    const ssl = { key: pem, cert: pem };
    const server = await asyncio.startServer(echoOnce, '127.0.0.1', 0, { ssl });
    const [, port] = server.sockets[0].getsockname();
    const trusting = { ssl: { ca: pem }, serverHostname: 'localhost' };
    await expectEcho(await asyncio.openConnection('127.0.0.1', port, trusting));
    server.close();
  },
  'Unix sockets': async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-'));
    try {
      const server = await asyncio.startUnixServer(echoOnce, path.join(folder, 'socket'));
      await expectEcho(await asyncio.openUnixConnection(path.join(folder, 'socket')));
      server.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  'loop.sockRecv() and the like': async () => {
    const loop = asyncio.getRunningLoop();
    const listener = socket.createServer(['127.0.0.1', 0]);
    const client = socket.socket();
    await loop.sockConnect(client, listener.getsockname());
    const [peer] = await loop.sockAccept(listener);
    await loop.sockSendall(client, Buffer.from('hello'));
    expect(String(await loop.sockRecv(peer, 100)) === 'hello', 'bytes');
    const much = 5_000_000;
    const sending = asyncio.createTask(async () => {
      await loop.sockSendall(client, Buffer.alloc(much));
      client.shutdown(socket.SHUT_WR);
    });
    let received = 0;
    for (let data; data?.length !== 0; received += data.length)
      data = await loop.sockRecv(peer, 100_000);
    await sending;
    expect(received === much, 'everything that was sent, and the end');
    await loop.sockSendall(peer, Buffer.from('bye'));
    expect(String(await loop.sockRecv(client, 100)) === 'bye', 'bytes in a half-closed connection');
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
    peer.close();
    const reset = await loop.sockRecv(client, 100).catch((error) => error);
    expect(reset instanceof asyncio.ConnectionResetError, 'a reset');
    for (const each of [client, peer, listener]) each.close();
  },
  UDP: async () => {
    const loop = asyncio.getRunningLoop();
    const received = loop.createFuture();
    class Receiver extends asyncio.DatagramProtocol {
      datagramReceived(data) {
        received.setResult(String(data));
      }
    }
    const options = { localAddr: ['127.0.0.1', 0] };
    const [server] = await loop.createDatagramEndpoint(() => new Receiver(), options);
    const remoteAddr = server.getExtraInfo('sockname');
    const make = () => new asyncio.DatagramProtocol();
    const [client] = await loop.createDatagramEndpoint(make, { remoteAddr });
    client.sendto(Buffer.from('hello'));
    expect((await received) === 'hello', 'a datagram');
    client.close();
    server.close();
  },
  'createSubprocessExec() with pipes': async () => {
    const { PIPE } = asyncio.subprocess;
    const child = await asyncio.createSubprocessExec('cat', { stdin: PIPE, stdout: PIPE });
    const [output] = await child.communicate(Buffer.from('hello'));
    expect(String(output) === 'hello', 'its output');
  },
};

for (const [name, feature] of Object.entries(features)) {
  const late = setTimeout(() => {
    console.log(`${name}\thangs`);
    process.exit(1);
  }, PATIENCE_MS);
  try {
    await asyncio.run(feature);
    console.log(`${name}\tpasses`);
  } catch (error) {
    console.log(`${name}\t${String(error).split('\n')[0]}`);
  }
  clearTimeout(late);
}
