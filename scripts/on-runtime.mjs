// What `npm run matrix` runs on each runtime: one line for each feature, "passes" or what went wrong.
import net from 'node:net';
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
    const [reader, writer] = await asyncio.openConnection(undefined, undefined, { sock: one });
    writer.write('hello\n');
    expect(String(await reader.read()) === 'hello\n', 'an echo');
    writer.close();
    await task;
  },
  'startServer(), openConnection()': async () => {
    const server = await asyncio.startServer(echoOnce, '127.0.0.1', 0);
    const [, port] = server.sockets[0].getsockname();
    const [reader, writer] = await asyncio.openConnection('127.0.0.1', port);
    writer.write('hello\n');
    expect(String(await reader.read()) === 'hello\n', 'an echo');
    writer.close();
    await writer.waitClosed();
    server.close();
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
