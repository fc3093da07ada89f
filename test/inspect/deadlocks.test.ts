import * as assert from 'uvu/assert';
import { explain } from '../../src/cli/once/why.ts';
import * as asyncio from '../../src/index.ts';
import type { Snapshot } from '../../src/inspect/snapshot/data.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { snapshotAtOneInstant } from './support/snapshot-at-one-instant.ts';

type Begin = (start: (name: string, body: () => Promise<unknown>) => asyncio.Task<unknown>) => void;

/** What `why` concludes about the task `one`, when the tasks that `begin` starts wait. */
async function conclusion(begin: Begin): Promise<string[]> {
  const tasks: asyncio.Task<unknown>[] = [];
  begin((name, body) => {
    const task = asyncio.createTask(body, { name });
    tasks.push(task);
    return task;
  });
  for (let turn = 0; turn < 8; turn += 1) await asyncio.sleep(0);
  const taken = JSON.parse(JSON.stringify(await snapshotAtOneInstant())) as Snapshot;
  await endAll(tasks);
  return explain([taken], 'one')
    .split('\n')
    .filter((line) => !/ \(|^ +at /.test(line));
}

/** Those that wait for one another cannot be cancelled. */
async function endAll(tasks: readonly asyncio.Task<unknown>[]): Promise<void> {
  for (const task of tasks)
    try {
      task.cancel();
    } catch (error) {
      assert.instance(error, RangeError);
    }
  await asyncio.wait(asyncio.allTasks().size > 1 ? others() : tasks);
}

function others(): asyncio.Task<unknown>[] {
  return [...asyncio.allTasks()].filter((task) => task !== asyncio.currentTask());
}

type Lock = Pick<asyncio.Lock, 'acquire' | 'with'>;

/** Takes a lock, and then another one. */
const both = (first: Lock, second: Lock) => async (): Promise<unknown> =>
  await first.with(async () => {
    await asyncio.sleep(0);
    return await second.with(async () => {});
  });

const DEADLOCK = ['This is a deadlock: one → other → one wait for one another.'];
const ITSELF = ['This is a deadlock: one waits for itself.'];

loopBehaviour('asyncio-ts why', (it) => {
  const kinds: Readonly<Record<string, () => Lock>> = {
    lock: () => new asyncio.Lock(),
    semaphore: () => new asyncio.Semaphore(1),
    'bounded semaphore': () => new asyncio.BoundedSemaphore(1),
    condition: () => new asyncio.Condition(),
  };
  for (const [name, first] of Object.entries(kinds))
    for (const [otherName, second] of Object.entries(kinds))
      it(`names the deadlock of a ${name} and a ${otherName}`, async () => {
        const found = await conclusion((start) => {
          const [one, other] = [first(), second()];
          start('one', both(one, other));
          start('other', both(other, one));
        });
        assert.equal(found, DEADLOCK);
      });

  it('names a task that acquires the only place of a semaphore twice', async () => {
    const found = await conclusion((start) => {
      const semaphore = new asyncio.Semaphore(1);
      start('one', both(semaphore, semaphore));
    });
    assert.equal(found, ITSELF);
  });

  it('names a deadlock of a semaphore with several places if all its holders wait', async () => {
    const found = await conclusion((start) => {
      const [semaphore, lock] = [new asyncio.Semaphore(2), new asyncio.Lock()];
      start('one', both(lock, semaphore));
      start('other', both(semaphore, lock));
      start('third', both(semaphore, lock));
    });
    assert.equal(found.slice(0, 2), [
      DEADLOCK[0],
      'This is a deadlock: one → third → one wait for one another.',
    ]);
  });

  it('names none if one of the holders can continue', async () => {
    const found = await conclusion((start) => {
      const [semaphore, lock] = [new asyncio.Semaphore(2), new asyncio.Lock()];
      start('one', both(lock, semaphore));
      start('other', both(semaphore, lock));
      start('third', async () => await semaphore.with(async () => await asyncio.sleep(10)));
    });
    assert.equal(found, [
      'one → other → one wait for one another, but can continue because of their other waits.',
    ]);
  });

  it('does not know the holders of a semaphore that other tasks release', async () => {
    const found = await conclusion((start) => {
      const semaphore = new asyncio.Semaphore(1);
      start('one', async () => {
        for (;;) await semaphore.acquire();
      });
      start('other', async () => {
        await asyncio.sleep(0);
        semaphore.release();
      });
    });
    assert.equal(found.slice(0, 1), [
      'one continues when release() is called; nothing shows what will do that.',
    ]);
  });

  it(
    'names a timeout that ends the deadlock',
    async () => {
      const found = await conclusion((start) => {
        const lock = new asyncio.Lock();
        start('one', async () => await asyncio.timeout(1000, both(lock, lock)));
      });
      assert.match(
        found.join('\n'),
        /^one waits for itself, until a limit ends that in \d+\.\d s\.$/,
      );
    },
    { clock: 'real' },
  );

  it('names tasks of a group that wait for its parent', async () => {
    const found = await conclusion((start) => {
      const lock = new asyncio.Lock();
      start('one', async () => {
        await lock.acquire();
        await asyncio.taskGroup(
          (group) => void group.createTask(() => lock.acquire(), { name: 'other' }),
        );
      });
    });
    assert.equal(found, DEADLOCK);
  });

  const ways: Readonly<Record<string, (task: asyncio.Task<unknown>) => Promise<unknown>>> = {
    shield: async (task) => await asyncio.shield(task),
    'wait()': async (task) => await asyncio.wait([task]),
    'asCompleted()': async (task) => {
      for await (const _ of asyncio.asCompleted([task]));
    },
    'a gather() of a gather() of shields': async (task) =>
      await asyncio.gather(asyncio.gather(asyncio.shield(task)), asyncio.sleep(0)),
  };
  for (const [name, wait] of Object.entries(ways))
    it(`follows ${name}`, async () => {
      const found = await conclusion((start) => {
        const one: asyncio.Task<unknown> = start('one', async () => await wait(other));
        const other = start('other', async () => await asyncio.shield(one));
      });
      assert.equal(found, DEADLOCK);
    });

  it('explains what would end other waits', async () => {
    const cases: [string, () => Promise<unknown>][] = [
      ['set() is called', async () => await new asyncio.Event().wait()],
      ['an item is put', async () => await new asyncio.Queue().get()],
      [
        'taskDone() has been called for each item',
        async () => {
          const queue = new asyncio.Queue();
          await queue.put(1);
          await queue.join();
        },
      ],
      ['an item is received', async () => await asyncio.channel(0)[0].send(1)],
      ['enough tasks wait at the barrier', async () => await new asyncio.Barrier(2).wait()],
      ['the future is done', async () => await asyncio.getRunningLoop().createFuture()],
    ];
    for (const [words, body] of cases) {
      const [first] = await conclusion((start) => void start('one', body));
      assert.is(first, `one continues when ${words}; nothing shows what will do that.`);
    }
  });

  it('explains how to see the line of a wait for a foreign promise', async () => {
    let settle = (): void => {};
    const foreign = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const task = asyncio.createTask(async () => await foreign, { name: 'one' });
    await asyncio.sleep(0);
    assert.match(
      explain([await snapshotAtOneInstant()], 'one'),
      /waits for a promise that asyncio-ts did not create\nIf started with ASYNCIO_EXPLAIN=1, the program shows the line\.$/,
    );
    settle();
    await asyncio.wait([task]);
  });

  it('reports that the holder of a lock has ended', async () => {
    const lock = new asyncio.Lock();
    await asyncio.createTask(async () => await lock.acquire());
    const task = asyncio.createTask(async () => await lock.acquire(), { name: 'one' });
    await asyncio.sleep(0);
    assert.match(explain([await snapshotAtOneInstant()], 'one'), /, its holder has ended\n/);
    task.cancel();
    await asyncio.wait([task]);
  });
});
