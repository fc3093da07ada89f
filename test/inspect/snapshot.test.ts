import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import type { LoopData, Snapshot, TaskData } from '../../src/inspect/snapshot/data.ts';
import { takeSnapshot } from '../../src/inspect/snapshot/snapshot.ts';
import { DRIVERS, stream } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { root } from '../support/program.ts';
import { CLIENT, SERVER } from '../support/tls.ts';
import { schemaErrors } from './support/json-schema.ts';

const REAL = { clock: 'real' } as const;

const schema = JSON.parse(readFileSync(path.join(root, 'docs/snapshot.schema.json'), 'utf8'));

/** Takes one, and looks whether it has the form that is documented. */
async function snapshot(): Promise<Snapshot> {
  const taken = await takeSnapshot();
  assert.equal(schemaErrors(JSON.parse(JSON.stringify(taken)), schema), []);
  return taken;
}

/** What is seen of the loop that runs. */
async function seen(): Promise<LoopData> {
  const { loops } = await snapshot();
  const found = loops.find(({ running }) => running);
  assert.ok(found);
  return found;
}

function taskIn({ tasks }: LoopData, name: string): TaskData {
  const found = tasks.find((task) => task.name === name);
  assert.ok(found, name);
  return found;
}

async function end(...tasks: asyncio.Task<unknown>[]): Promise<void> {
  for (const task of tasks) task.cancel();
  await asyncio.wait(tasks);
}

loopBehaviour('A snapshot', (it) => {
  it('contains the source lines, also of foreign promises', async () => {
    const lines = readFileSync(path.join(root, 'test/inspect/snapshot.test.ts'), 'utf8').split(
      '\n',
    );
    const lineOf = (text: string): number => lines.findIndex((line) => line.includes(text)) + 1;
    asyncio.setAwaitTracking(true);
    let settle = (): void => {};
    const foreign = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const tasks = [
      asyncio.createTask(async () => {
        await foreign; // theirs
      }),
      asyncio.createTask(async () => {
        await new asyncio.Event().wait(); // ours
      }),
    ];
    await asyncio.sleep(1);

    const shown = (await seen()).tasks.slice(-2);

    asyncio.setAwaitTracking(false);
    settle();
    const places = shown.map(({ stack, waits }) => (stack[0] ?? waits[0]?.stack[0])?.line);
    assert.equal(places, [lineOf('; // ' + 'theirs'), lineOf('; // ' + 'ours')]);
    await end(...tasks);
  });

  it('contains for how long snapshots have shown a task, and each of its waits', async () => {
    const never = new asyncio.Event();
    const again = async (): Promise<void> => {
      for (;;) await asyncio.sleep(2);
    };
    const task = asyncio.createTask(async () => await Promise.all([never.wait(), again()]), {
      name: 'one',
    });
    await asyncio.sleep(1);

    const first = taskIn(await seen(), 'one');
    await asyncio.sleep(12.5);
    const second = taskIn(await seen(), 'one');

    assert.is(first.age, 0);
    assert.equal(
      first.waits.map(({ seconds }) => seconds),
      [0, 0],
    );
    assert.is(second.age, 12.5);
    assert.equal(
      second.waits.map(({ operation, seconds }) => [operation, seconds]),
      [
        ['Event.wait', 12.5],
        ['sleep', 0],
      ],
    );
    await end(task);
  });

  it('contains what has cancelled a task', async (loop) => {
    const stubborn = (name: string): asyncio.Task<void> =>
      asyncio.createTask(
        async () => {
          for (;;)
            try {
              await asyncio.sleep(100);
              return;
            } catch {
              // It does not want to end.
            }
        },
        { name },
      );
    const [one, two, three] = [stubborn('one'), stubborn('two'), stubborn('three')];
    const limited = asyncio.createTask(
      async () => await asyncio.timeout(1, async () => await asyncio.shield(three)),
      { name: 'limited' },
    );
    const ending = asyncio.createTask(
      async () => {
        await asyncio.timeout(1, async () => {
          try {
            await asyncio.sleep(100);
          } finally {
            await asyncio.sleep(50);
          }
        });
      },
      { name: 'ending' },
    );
    const group = asyncio.createTask(
      async () =>
        await asyncio.taskGroup((group) => {
          group.createTask(
            async () => {
              try {
                await asyncio.sleep(100);
              } finally {
                await asyncio.sleep(50);
              }
            },
            { name: 'member' },
          );
          group.createTask(async () => {
            throw new Error('it fails');
          });
        }),
    );
    await asyncio.sleep(0.5);
    const killer = asyncio.createTask(async () => void one.cancel(), { name: 'killer' });
    loop.callSoon(() => void two.cancel());
    await asyncio.sleep(2);

    const found = await seen();

    assert.is(taskIn(found, 'one').cancelledBy, 'killer');
    assert.is(taskIn(found, 'two').cancelledBy, 'a callback');
    assert.is(taskIn(found, 'three').cancelledBy, undefined);
    assert.is(taskIn(found, 'ending').cancelledBy, 'a limit');
    assert.is(taskIn(found, 'member').cancelledBy, 'its group');
    assert.is(taskIn(found, group.getName()).cancelledBy, 'a task group');
    await asyncio.wait([killer, limited]);
    await asyncio.sleep(200);
    await asyncio.wait([one, two, three, ending, group]);
    group.exception();
    ending.exception();
    limited.exception();
  });

  it('contains the holders of a semaphore, in whatever order they release and whichever is cancelled', async () => {
    const numbers = fc.sample(fc.nat(), { seed: 5, numRuns: 5000 });
    const below = (limit: number): number => (numbers.pop() as number) % limit;
    let shown = 0;
    for (let round = 0; round < 30; round += 1) {
      const semaphore = new asyncio.Semaphore(1 + below(4));
      const held: string[] = [];
      const use = async (name: string): Promise<void> => {
        for (let time = 0; time < 6; time += 1) {
          try {
            await asyncio.timeout(1 + below(3), async () => await semaphore.acquire());
          } catch (error) {
            if (!(error instanceof asyncio.TimeoutError)) throw error;
            continue;
          }
          held.push(name);
          await asyncio.sleep(1 + below(2));
          held.splice(held.indexOf(name), 1);
          semaphore.release();
          await asyncio.sleep(below(2));
        }
      };
      const names = [...'abcdefgh'];
      const users = names.map((name) => asyncio.createTask(() => use(name), { name }));
      await asyncio.sleep(0.5);
      while (users.some((user) => !user.done())) {
        const { primitives, tasks } = await seen();
        const name = (id: number): string | undefined => tasks.find((each) => each.id === id)?.name;
        for (const { heldBy } of primitives) {
          assert.equal(heldBy.map(name).sort(), [...held].sort());
          shown += 1;
        }
        await asyncio.sleep(1);
      }
      await asyncio.gather(...users);
    }
    assert.ok(shown > 100, `${shown}`);
  });

  it('contains the holders of a semaphore after a place was promised to a cancelled task', async () => {
    const semaphore = new asyncio.Semaphore(2);
    const hold = (name: string): asyncio.Task<void> =>
      asyncio.createTask(() => semaphore.with(async () => await asyncio.sleep(10)), { name });
    await semaphore.acquire();
    await semaphore.acquire();
    const [first, cancelled] = [hold('first'), hold('cancelled')];
    await asyncio.sleep(1);
    semaphore.release();
    semaphore.release();
    cancelled.cancel();
    await asyncio.sleep(1);
    const [second, waits] = [hold('second'), hold('waits')];
    await asyncio.sleep(1);
    const { primitives, tasks } = await seen();
    const holders = primitives.map(({ heldBy }) =>
      heldBy.map((id) => tasks.find((each) => each.id === id)?.name),
    );
    assert.equal(holders, [['first', 'second']]);
    await end(first, cancelled, second, waits);
  });

  it('contains locks and queues with their holders and waiters', async () => {
    const lock = new asyncio.Lock();
    const queue = new asyncio.Queue();
    const hold = (name: string): asyncio.Task<void> =>
      asyncio.createTask(async () => await lock.with(async () => await asyncio.sleep(10)), {
        name,
      });
    const get = asyncio.createTask(async () => await queue.get(), { name: 'gets' });
    const tasks = [hold('locks'), hold('waits'), hold('waits, too')];
    const owners = async (): Promise<unknown> => {
      const { primitives, tasks } = await seen();
      const name = (id: number): string | undefined => tasks.find((task) => task.id === id)?.name;
      return primitives.map(({ words, heldBy, waiters }) => [
        words.replace(/.*locks\.(\w+) .*/, '$1'),
        heldBy.map(name),
        waiters.map(name),
      ]);
    };
    const queued = ['<Queue maxsize=0 _getters[1]>', [], ['gets']];
    await asyncio.sleep(5);
    assert.equal(await owners(), [queued, ['Lock', ['locks'], ['waits', 'waits, too']]]);
    await asyncio.sleep(10);
    assert.equal(await owners(), [queued, ['Lock', ['waits'], ['waits, too']]]);
    await end(get, ...tasks);
  });

  it(
    'contains the failures that were not retrieved',
    async () => {
      const fails = async (): Promise<void> => {
        throw new RangeError('lost');
      };
      const task = asyncio.createTask(fails, { name: 'fails' });
      await asyncio.sleep(1);
      await new Promise((resolve) => setTimeout(resolve, 20));

      const { failures } = await seen();

      assert.equal(
        failures.map(({ exception }) => exception),
        ['RangeError: lost'],
      );
      assert.match(failures[0]?.words ?? '', /^<Task finished name='fails'/);
      task.exception();
      assert.equal((await seen()).failures, []);
    },
    REAL,
  );

  it(
    'contains the executors',
    async () => {
      const executor = new asyncio.ThreadPoolExecutor(3);
      const find = async (): Promise<unknown> =>
        (await snapshot()).executors.find(({ most }) => most === 3);
      const call = executor.submit(() => new Promise((resolve) => setTimeout(resolve, 30)));
      assert.equal(await find(), {
        words: '<ThreadPoolExecutor threads=1 idle=0 waiting=0>',
        threads: 1,
        idle: 0,
        most: 3,
        waiting: 0,
      });
      await call;
      await executor.shutdown();
      assert.is(await find(), undefined);
    },
    REAL,
  );
});

for (const { name } of DRIVERS)
  loopBehaviour(`A snapshot of connections (${name})`, (it) => {
    it(
      'contains the peer, the bytes in both directions, buffered data, and the time of the last traffic',
      async (loop) => {
        const listener = stream(name);
        listener.bind(['127.0.0.1', 0]);
        listener.listen();
        const two = stream(name);
        const [[one]] = await asyncio.gather(
          loop.sockAccept(listener),
          loop.sockConnect(two, listener.getsockname()),
        );
        const [reader, writer] = await asyncio.openConnection(undefined, undefined, { sock: one });
        await loop.sockSendall(two, Buffer.alloc(300));
        await reader.readexactly(300);
        writer.write(Buffer.alloc(20));
        await writer.drain();
        await loop.sockRecv(two, 100);

        const [first] = (await seen()).transports;
        await asyncio.sleep(0.05);
        const [second] = (await seen()).transports;

        assert.equal(first?.peername, two.getsockname());
        assert.equal(first?.sockname, listener.getsockname());
        assert.is(first?.received, 300);
        assert.is(first?.sent, 20);
        assert.is(first?.unsent, 0);
        assert.is(first?.paused, false);
        assert.ok((second?.idle ?? 0) - (first?.idle ?? 0) >= 0.04, 'it is idle since then');
        writer.transport.pauseReading();
        writer.write(Buffer.alloc(20_000_000));
        const third = await seen();
        assert.is(third.transports[0]?.paused, true);
        assert.is(third.transports[0]?.idle, 0);
        assert.ok((third.transports[0]?.unsent ?? 0) > 1_000_000, 'it has unsent bytes');
        writer.transport.abort();
        two.close();
        listener.close();
        await asyncio.sleep(0);
      },
      REAL,
    );
  });

loopBehaviour('A snapshot of servers', (it) => {
  it(
    'contains a server with its connections, and each connection once, also with TLS',
    async () => {
      const server = await asyncio.startServer(
        async (reader) => void (await reader.read()),
        '127.0.0.1',
        0,
        { ssl: SERVER },
      );
      const [, writer] = await asyncio.openConnection('127.0.0.1', server.port as number, {
        ssl: CLIENT,
      });
      writer.write('hello');
      await writer.drain();
      await asyncio.sleep(0.05);

      const { transports } = await seen();

      assert.equal(
        transports.map(({ connections }) => connections),
        [1, undefined, undefined],
      );
      const [, client, served] = transports;
      assert.ok((client?.sent ?? 0) > 5, 'it counts what is encrypted');
      assert.equal([client?.sent, client?.received], [served?.received, served?.sent]);
      assert.is((client?.peername as string[] | undefined)?.[1], server.port);
      writer.close();
      server.close();
      await server.waitClosed();
      await asyncio.sleep(0.02);
    },
    REAL,
  );
});
