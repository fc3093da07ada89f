/**
 * Enters the first store of a process, at the moment that the argument names, and prints what others
 * find in it. --expose-gc.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const moment = process.argv[2];
const storage = new AsyncLocalStorage<unknown>();
const load = async () => ({
  asyncio: await import('../../../src/index.ts'),
  socket: await import('../../../src/socket.ts'),
  core: await import('../../../src/core/context/async-context.ts'),
});
const tell = (who: string) => console.log(`${who}: ${storage.getStore() ?? 'nothing'}`);

if (moment === 'never') {
  const { asyncio, core } = await load();
  const variable = new asyncio.ContextVar<string>('who');
  await asyncio.run(async () => {
    variable.set('main');
    await asyncio.gather(asyncio.sleep(0), () => asyncio.sleep(0.001));
    await asyncio.toThread(() => 1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    console.log(variable.get());
  });
  console.log(core.asyncContextsUsed ? 'used' : 'unused');
}

if (moment === 'in a callback') {
  const { asyncio, socket } = await load();
  await asyncio.run(async () => {
    const loop = asyncio.getRunningLoop();
    class Entering extends asyncio.Protocol {
      override dataReceived(data: Uint8Array): void {
        tell(`protocol ${data[0]}`);
        storage.enterWith(`protocol ${data[0]}`);
      }
    }
    const peers = [];
    for (let n = 0; n < 3; n += 1) {
      const [sock, peer] = socket.socketpair(undefined, undefined, undefined, { driver: 'memory' });
      await loop.createConnection(() => new Entering(), undefined, undefined, { sock });
      peers.push(peer);
    }
    await asyncio.sleep(0);
    for (const [n, peer] of peers.entries()) peer.send(Buffer.from([n]));
    const done = loop.createFuture();
    for (let n = 0; n < 20; n += 1)
      loop.callSoon(() => {
        if (storage.getStore() !== undefined) tell(`callback ${n}`);
        storage.enterWith(`callback ${n}`);
      });
    loop.callSoon(() => done.setResult(undefined));
    await done;
    tell('main');
    for (const peer of peers) peer.close();
    await asyncio.sleep(0.001);
  });
}

if (moment === 'in a task') {
  const { asyncio } = await load();
  await asyncio.run(async () => {
    const entering = (who: string) => async (): Promise<void> => {
      tell(who);
      storage.enterWith(who);
      await asyncio.sleep(0);
      tell(`${who}, a turn later`);
      await asyncio.sleep(0.001);
      await asyncio.createTask(async () => tell(`the child of ${who}`));
    };
    await asyncio.gather(entering('first'), entering('second'));
    tell('main');
  });
}

if (moment === 'after all was made') {
  const { asyncio, socket } = await load();
  await asyncio.run(async () => {
    const loop = asyncio.getRunningLoop();
    const future = loop.createFuture<void>();
    const event = new asyncio.Event();
    future.addDoneCallback(() => tell('addDoneCallback'));
    void future.then(() => tell('then'));
    loop.callLater(0.002, () => tell('callLater'));
    const sleeping = asyncio.createTask(async () => {
      await event.wait();
      tell('task');
    });
    const begins = asyncio.createTask(async () => tell('task that begins'));
    const sock = socket.socket();
    sock.bind(['127.0.0.1', 0]);
    const server = await asyncio.startServer(
      (_reader, writer) => {
        tell('server');
        writer.close();
      },
      undefined,
      undefined,
      { sock },
    );
    await storage.run('the store', async () => {
      future.setResult();
      event.set();
      const address = sock.getsockname() as [string, number];
      const [reader] = await asyncio.openConnection(...address);
      await reader.read();
    });
    await sleeping;
    await begins;
    await asyncio.sleep(0.005);
    server.close();
  });
}

if (moment === 'before the import, and around it') {
  await storage.run('the store', async () => {
    const { asyncio } = await load();
    await storage.exit(() =>
      asyncio.run(async () => {
        const loop = asyncio.getRunningLoop();
        loop.setExceptionHandler(() => tell('report'));
        asyncio.createTask(async () => tell('task'));
        loop.callSoon(() => tell('callSoon'));
        storage.run('another', () => {
          void asyncio.createTask(async () => {
            throw new Error('planted');
          });
        });
        await asyncio.sleep(0);
        for (let n = 0; n < 50; n += 1) {
          globalThis.gc?.();
          await asyncio.sleep(0.002);
        }
      }),
    );
  });
}

if (moment === 'before the import, and kept') {
  let go = (): void => {};
  const going = new Promise<void>((resolve) => {
    go = resolve;
  });
  const kept = storage.run('the store', async () => {
    await going;
    const { asyncio } = await loading;
    await asyncio.run(async () => {
      await asyncio.createTask(async () => tell('task'));
      const loop = asyncio.getRunningLoop();
      await new Promise((resolve) => {
        loop.callSoon(() => {
          tell('callSoon');
          resolve(undefined);
        });
      });
    });
  });
  const loading = load();
  await loading;
  go();
  await kept;
}

if (moment === 'for a while') {
  const { asyncio } = await load();
  const stores: WeakRef<object>[] = [];
  await asyncio.run(async () => {
    const loop = asyncio.getRunningLoop();
    const lock = new asyncio.Lock();
    const server = await asyncio.startServer(
      async (reader, writer) => {
        writer.write(await reader.read(10));
        writer.close();
      },
      '127.0.0.1',
      0,
    );
    const port = server.sockets[0]?.getsockname() as [string, number];
    for (let n = 0; n < 100; n += 1) {
      const store = { n };
      stores.push(new WeakRef(store));
      void storage.run(store, () => {
        loop.callSoon(() => {});
        loop.callLater(0.001, () => {}).cancel();
        return asyncio.createTask(async () => {
          await asyncio.sleep(0.001 * (n % 3));
          await lock.with(() => asyncio.sleep(0));
          await asyncio.timeout(0.001, () => asyncio.sleep(1)).catch(() => {});
          await asyncio.waitFor(asyncio.shield(asyncio.sleep(0)), 1);
          if (n % 10 === 0) {
            const [reader, writer] = await asyncio.openConnection(...port);
            writer.write(Buffer.from('hello'));
            await reader.read();
            writer.close();
          }
          if (storage.getStore() !== store) console.log('lost');
        });
      });
    }
    for (let n = 0; n < 200 && stores.some((store) => store.deref() !== undefined); n += 1) {
      await asyncio.sleep(0.002);
      globalThis.gc?.();
    }
    server.close();
    console.log(`${stores.filter((store) => store.deref() !== undefined).length} stores are left`);
  });
}
