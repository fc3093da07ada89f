// A program whose cancels come out of calls that nobody awaits: it must not end because of them.
import { EventEmitter } from 'node:events';
import * as asyncio from 'asyncio-ts';

const { sleep } = asyncio;
const [word] = process.argv.slice(2);

async function flush(): Promise<void> {
  try {
    await sleep(60);
  } finally {
    await sleep(0.001);
    await new Promise((resolve) => setTimeout(resolve, 1));
    console.log('flush cleaned up');
  }
}

/** Starts `call` in a task, and cancels that. */
async function cancelWith(call: () => unknown): Promise<void> {
  const task = asyncio.createTask(async () => {
    call();
    await sleep(60);
  });
  await sleep(0.001);
  task.cancel();
  await task.catch(() => {});
}

/** A promise of no task. */
let rejectOutside: (error: unknown) => void;
void new Promise((_, reject) => {
  rejectOutside = reject;
});

const ways: Record<string, () => Promise<unknown>> = {
  async cancelled() {
    const task = asyncio.createTask(async () => {
      void flush();
      const events = new EventEmitter();
      events.on('event', async () => await asyncio.createTask(() => sleep(60)));
      events.emit('event');
      void Promise.any([sleep(60)]);
      void Promise.allSettled([sleep(60)]);
      void (async () => await asyncio.taskGroup(async () => await sleep(60)))();
      await sleep(60);
    });
    await sleep(0.001);
    task.cancel();
    await task.catch((error: unknown) => console.log(String(error)));
    await sleep(0.05);
  },

  // In a process that has seen a cancel before: by then it is known who waits for a promise.
  async 'cancelled later'() {
    const earlier = asyncio.createTask(sleep(60));
    await sleep(0);
    earlier.cancel();
    await earlier.catch(() => {});
    const loop = asyncio.getRunningLoop();
    const future = (): asyncio.Future<unknown> => loop.createFuture();
    // As of Comlink: a look at its `then` makes promises.
    const proxy = (): PromiseLike<unknown> => {
      const awaited = future();
      return Object.defineProperty({}, 'then', {
        get: () => {
          void Promise.resolve(1).then(() => 2);
          return awaited.then.bind(awaited);
        },
      }) as PromiseLike<unknown>;
    };
    let end = (): void => {};
    const source = new Promise<void>((_, reject) => {
      end = () => reject(new asyncio.CancelledError());
    });
    source.catch(() => {});
    const throws = (): never => {
      throw new asyncio.CancelledError();
    };
    const nested = async (): Promise<void> => {
      await future();
    };
    const lock = new asyncio.Lock();
    await lock.acquire();
    const task = asyncio.createTask(async () => {
      void nested();
      void (async () => await nested())();
      void (async () => nested())();
      void (async () => await proxy())();
      void (async () => {
        await proxy().then(() => {});
      })();
      void (async () => {
        await sleep(0);
        await Promise.resolve();
        await future();
      })();
      void nested().then(() => {});
      void nested().finally(() => {});
      void nested().catch(throws);
      void sleep(60).then(() => {});
      void future().then(throws, throws);
      void lock.acquire().then(() => {});
      void (async () => await lock.acquire())();
      void asyncio.wrapPromise(source);
      void source.then(() => {});
      void source.finally(() => {}).then(throws);
      void (async () => await asyncio.timeout(60, nested))();
      void (async () => await asyncio.timeout(60, nested))().then(() => {});
      void (async () => {
        for await (const _ of (async function* () {
          await nested();
          yield 1;
        })());
      })();
      await sleep(60);
    });
    await sleep(0.001);
    task.cancel();
    await task.catch((error: unknown) => console.log(String(error)));
    end();
    await sleep(0.05);
  },

  async limited() {
    const limit = asyncio.timeout(0.001, async () => {
      void flush();
      await sleep(60);
    });
    await limit.catch((error: unknown) => console.log(String(error)));
    await sleep(0.05);
  },

  async 'left by a limit'() {
    const context = asyncio.copyContext();
    const task = asyncio.createTask(async () => {
      await asyncio.timeout(60, async () => void flush());
      await asyncio.shielded(60, async () => void flush());
      await asyncio.taskGroup(async () => void flush());
      context.run(() => void flush());
      await sleep(60);
    });
    await sleep(0.001);
    task.cancel();
    await task.catch((error: unknown) => console.log(String(error)));
    await sleep(0.05);
  },

  async interrupted() {
    void flush();
    setTimeout(() => process.kill(process.pid, 'SIGINT'), 1);
    await sleep(60);
  },

  async 'interrupted, of others'() {
    const endless = async (): Promise<void> => {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        await sleep(0);
      }
    };
    void endless();
    // It is emitted by nobody of ours, and so by no task.
    const events = new EventEmitter();
    events.on('event', async () => await sleep(0.001));
    setInterval(() => events.emit('event'), 1);
    setTimeout(() => process.kill(process.pid, 'SIGINT'), 20);
    await sleep(60);
  },

  async subclass() {
    class Stopped extends asyncio.CancelledError {}
    const task = asyncio.createTask(async () => {
      const stops = async (): Promise<void> => {
        await sleep(60).catch(() => {});
        throw new Stopped();
      };
      void stops();
      await sleep(60);
    });
    await sleep(0.001);
    task.cancel();
    await task.catch(() => {});
    await sleep(0.01);
  },

  async 'handed on'() {
    let rejectInside: (error: unknown) => void;
    let kept: unknown;
    await cancelWith(async () => {
      void new Promise((_, reject) => {
        rejectInside = reject;
      });
      try {
        await sleep(60);
      } catch (error) {
        kept = error;
        rejectInside(error);
        throw error;
      }
    });
    await sleep(0.01);
    const throwAgain = async (): Promise<never> => {
      throw kept;
    };
    void throwAgain();
    void Promise.any([throwAgain(), throwAgain()]);
    setTimeout(() => void throwAgain(), 1);
    rejectOutside(kept);
    await sleep(0.01);
  },

  async 'of a future'() {
    const future = asyncio.getRunningLoop().createFuture();
    void (async () => await future)();
    await sleep(0);
    future.cancel();
    await sleep(0.001);
  },

  async 'handled later'() {
    let pending = Promise.resolve();
    await cancelWith(() => {
      pending = flush();
    });
    await sleep(0.05);
    await pending.catch((error: unknown) => console.log(String(error)));
    await sleep(0.01);
  },

  async 'beside listeners'() {
    process.on('unhandledRejection', (error) => console.log(`unhandled: ${error}`));
    process.on('rejectionHandled', () => console.log('handled'));
    const failing = (async () => {
      throw new RangeError('a real failure');
    })();
    await cancelWith(() => sleep(60).then(() => {}));
    await sleep(0.001);
    await failing.catch(() => {});
    await sleep(0.01);
  },

  async 'with another emit'() {
    const { emit } = process;
    const { emit: older } = Object.getPrototypeOf(process);
    const count = (original: typeof emit): typeof emit =>
      function counted(this: unknown, ...args: unknown[]) {
        if (args[0] === 'mine') console.log('mine');
        return Reflect.apply(original, this, args);
      } as typeof emit;
    process.emit = count(older);
    await cancelWith(() => sleep(60).then(() => {}));
    process.emit('mine' as never);
    process.emit = count(emit);
    await cancelWith(() => sleep(60).then(() => {}));
    process.emit('mine' as never);
    process.emit = older;
    await cancelWith(() => sleep(60).then(() => {}));
    process.emit = emit;
  },

  async fails() {
    const task = asyncio.createTask(async () => {
      void (async () => {
        try {
          await sleep(60);
        } catch {}
        throw new RangeError('a real failure');
      })();
      await sleep(60);
    });
    await sleep(0.001);
    task.cancel();
    await task.catch(() => {});
    await sleep(0.05);
  },

  async 'fails otherwise'() {
    const handled = async (): Promise<void> => {
      await sleep(60).catch(() => {});
      throw new AggregateError([new asyncio.CancelledError(), new RangeError('another')]);
    };
    const task = asyncio.createTask(async () => {
      const pending = handled();
      await pending.catch((error: unknown) => console.log((error as Error).name));
      throw new asyncio.CancelledError();
    });
    await sleep(0.001);
    task.cancel();
    await task.catch(() => {});
    await sleep(0.05);
  },
};

const emitBefore = process.emit;
if (word === 'run')
  void asyncio.run(async () => {
    asyncio.currentTask()?.cancel();
    await sleep(60);
  });
else {
  await asyncio.run(ways[word as string] as () => Promise<unknown>);
  // Promises are followed until an immediate after the last loop was closed.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  if (word === 'with another emit') console.log(process.emit === emitBefore);
  console.log('goes on');
}
