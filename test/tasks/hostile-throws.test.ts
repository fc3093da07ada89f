/** Whatever is thrown arrives: what looks at it must not fail, or nobody would hear of the end of a task. */
import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

/** Values that throw when they are looked at. */
const HOSTILE: Readonly<Record<string, () => unknown>> = {
  'a revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  'an error with getters that throw': () => {
    const error = new Error('hidden');
    for (const name of ['stack', 'name', 'message', 'cause', 'code', 'constructor'])
      Object.defineProperty(error, name, {
        get() {
          throw new TypeError('do not look');
        },
      });
    return error;
  },
  'a proxy that throws at each look': () =>
    new Proxy(
      {},
      {
        get: () => {
          throw new TypeError('do not look');
        },
        getPrototypeOf: () => {
          throw new TypeError('do not look');
        },
      },
    ),
};

/** What throws it to whoever awaits. */
const ARRIVES: Readonly<
  Record<string, (boom: () => Promise<never>, value: unknown, loop: asyncio.Loop) => unknown>
> = {
  createTask: (boom) => asyncio.createTask(boom),
  'createTask, cancelled meanwhile': async (boom) => {
    const task = asyncio.createTask(async () => {
      try {
        await asyncio.sleep(1);
      } catch {
        await boom();
      }
    });
    await asyncio.sleep(0);
    task.cancel();
    await task;
  },
  'an eager task': async (_boom, value, loop) => {
    loop.setTaskFactory(asyncio.eagerTaskFactory);
    await asyncio.createTask(async () => {
      throw value;
    });
  },
  gather: (boom) => asyncio.gather(boom),
  'gather with returnExceptions': async (boom) => {
    const [outcome] = await asyncio.gather(boom, { returnExceptions: true });
    throw outcome;
  },
  asCompleted: async (boom) => {
    for await (const task of asyncio.asCompleted([asyncio.createTask(boom)])) await task;
  },
  wait: async (boom) => {
    const [[task]] = await asyncio.wait([asyncio.createTask(boom)]);
    throw (task as asyncio.Task<never>).exception();
  },
  shield: (boom) => asyncio.shield(asyncio.createTask(boom)),
  shielded: (boom) => asyncio.shielded(1, boom),
  waitFor: (boom) => asyncio.waitFor(boom, 1),
  timeout: (boom) => asyncio.timeout(1, boom),
  moveOnAfter: (boom) => asyncio.moveOnAfter(1, boom),
  taskGroup: async (boom) => {
    const error = await asyncio
      .taskGroup(async (group) => {
        group.createTask(boom);
        await asyncio.sleep(1);
      })
      .catch((group: asyncio.ExceptionGroup) => group);
    const [match, rest] = (error as asyncio.ExceptionGroup).split(asyncio.OSError);
    assert.is(match, undefined);
    throw rest?.errors[0];
  },
  enter: (boom) => asyncio.enter(boom),
  wrapPromise: (_boom, value) => asyncio.wrapPromise(Promise.reject(value)),
  ensureFuture: (_boom, value) => asyncio.ensureFuture(Promise.reject(value)),
  runCoroutineThreadsafe: (boom, _value, loop) => asyncio.runCoroutineThreadsafe(boom, loop),
  'Lock.with': (boom) => new asyncio.Lock().with(boom),
  'Condition.waitFor': async (_boom, value) => {
    const condition = new asyncio.Condition();
    await condition.acquire();
    try {
      await condition.waitFor(() => {
        throw value;
      });
    } finally {
      condition.release();
    }
  },
  'StreamReader.setException': async (_boom, value) => {
    const reader = new asyncio.StreamReader();
    const reading = asyncio.createTask(() => reader.readline());
    await asyncio.sleep(0);
    reader.setException(value as Error);
    await reading;
  },
  'Promise.all': (boom) => Promise.all([asyncio.timeout(1, boom), asyncio.sleep(0)]),
};

for (const [kind, make] of Object.entries(HOSTILE))
  loopBehaviour(`${kind} that is thrown`, (it) => {
    for (const [name, play] of Object.entries(ARRIVES))
      it(`is thrown by ${name}`, async (loop) => {
        const value = make();
        const boom = async (): Promise<never> => {
          await asyncio.sleep(0);
          throw value;
        };
        let thrown: { readonly value: unknown } | undefined;
        try {
          await play(boom, value, loop);
        } catch (error) {
          thrown = { value: error };
        }
        assert.ok(thrown?.value === value);
      });
  });
