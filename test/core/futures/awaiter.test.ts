import * as assert from 'uvu/assert';
import {
  CancelledError,
  ContextVar,
  createTask,
  type Future,
  Loop,
  RuntimeError,
  sleep,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

/** The futures that a `then` may find: done or to be done, each with what ends it. */
const endings: readonly [how: string, end: (future: Future<number>) => void, told: string][] = [
  ['has a result', (future) => future.setResult(7), 'fulfilled 7'],
  ['failed', (future) => future.setException(new Error('boom')), 'rejected Error: boom'],
  ['was cancelled', (future) => void future.cancel('stop'), 'rejected CancelledError: stop'],
];

loopBehaviour('Future.then', (it) => {
  for (const [how, end, told] of endings) {
    it(`calls back if the future ${how}, but not at once`, async (loop) => {
      const calls: string[] = [];
      const future = loop.createFuture<number>();
      end(future);

      const told1 = future.then(
        (value) => calls.push(`fulfilled ${value}`),
        (error) => calls.push(`rejected ${error}`),
      );

      assert.equal(calls, []);
      await told1;
      assert.equal(calls, [told]);
    });

    it(`calls back a turn after the future ${how}`, async (loop) => {
      const calls: string[] = [];
      const future = loop.createFuture<number>();
      future.then(
        (value) => calls.push(`fulfilled ${value}`),
        (error) => calls.push(`rejected ${error}`),
      );

      end(future);
      loop.callSoon(() => calls.push('next'));
      await Promise.resolve();

      assert.equal(calls, []);
      await sleep(0);
      assert.equal(calls, [told, 'next']);
    });
  }

  it('resolves to what the callback returns', async (loop) => {
    const future = loop.createFuture<number>();
    loop.callSoon(() => future.setResult(7));

    const chained = future.then((value) => value + 1).then(async (value) => value * 2);

    assert.is(await chained, 16);
  });

  it("resolves to the future's outcome if there is no callback for it", async (loop) => {
    const failed = loop.createFuture<number>();
    failed.setException(new TypeError('boom'));
    const finished = loop.createFuture<number>();
    finished.setResult(7);

    await rejects(
      failed.then(() => 'not me'),
      TypeError,
      { message: 'boom' },
    );
    assert.is(await finished.catch(() => 0), 7);
    assert.is(await finished.then(), 7);
  });

  it('rejects with what the callback throws', async (loop) => {
    const future = loop.createFuture<number>();
    future.setResult(7);

    const chained = future.then(() => {
      throw new RangeError('mine');
    });

    await rejects(chained, RangeError, { message: 'mine' });
  });

  for (const [which, ask] of [
    ['then(f)', (future: Future<unknown>) => void future.then(() => {})],
    [
      'then(f, g)',
      (future: Future<unknown>) =>
        void future.then(
          () => {},
          () => {},
        ),
    ],
    ['catch(f)', (future: Future<unknown>) => void future.catch(() => {})],
    ['finally(f)', (future: Future<unknown>) => void future.finally(() => {})],
  ] as const)
    it(`does not cancel the future when the task that called ${which} is cancelled`, async (loop) => {
      const future = loop.createFuture();
      const task = createTask(async () => {
        ask(future);
        await sleep(10);
      });
      await sleep(0);

      assert.match(String(task), / wait_for=<Future pending cb=\[Task\.task_wakeup\(\)\]>>$/);
      task.cancel();

      await rejects(task, CancelledError);
      assert.is(future.done(), false);
    });

  it('passes on a cancel of the task that awaits its result', async (loop) => {
    const calls: unknown[] = [];
    const future = loop.createFuture();
    const task = createTask(
      async () =>
        await future.then(
          () => {},
          (error) => {
            calls.push(error);
            throw error;
          },
        ),
    );
    await sleep(0);

    task.cancel('stop');

    const error = await rejects(task, CancelledError, { message: 'stop' });
    assert.equal([calls[0] === error, future.cancelled()], [true, true]);
  });

  it('calls back in the context in which it was called', async (loop) => {
    const variable = new ContextVar<string>('who');
    const seen: unknown[] = [];
    const future = loop.createFuture();
    const task = createTask(async () => {
      variable.set('asker');
      void future.then(() => seen.push(variable.get()));
      void future.finally(() => seen.push(variable.get()));
      await sleep(2);
    });
    await sleep(1);

    variable.set('setter');
    future.setResult(1);
    await task;

    assert.equal(seen, ['asker', 'asker']);
  });

  it('can be called without a running loop', async () => {
    const resting = new Loop();
    const future = resting.createFuture<number>();
    future.setResult(7);

    const doubled = await new Promise((resolve) => setImmediate(resolve)).then(() =>
      future.then((value) => value * 2),
    );

    assert.is(doubled, 14);
    resting.close();
  });
});

loopBehaviour('await future', (it) => {
  it('fails in a task of another loop', async () => {
    const other = new Loop();
    const future = other.createFuture();

    await rejects(future, RuntimeError, {
      message: /^Task <Task .*> got Future <Future pending> attached to a different loop$/,
    });
    other.close();
  });
});

loopBehaviour('Future.catch', (it) => {
  it('resolves to what the callback makes of the error', async (loop) => {
    const future = loop.createFuture<number>();
    loop.callSoon(() => future.setException(new Error('boom')));

    assert.is(await future.catch((error) => (error as Error).message), 'boom');
  });
});

loopBehaviour('Future.finally', (it) => {
  it("calls back without an argument, and resolves to the future's outcome", async (loop) => {
    const calls: unknown[][] = [];
    const note = (...args: unknown[]): void => void calls.push(args);
    const finished = loop.createFuture<number>();
    finished.setResult(7);
    const failed = loop.createFuture<number>();
    failed.setException(new TypeError('boom'));

    assert.is(await finished.finally(note), 7);
    await rejects(failed.finally(note), TypeError, { message: 'boom' });

    assert.equal(calls, [[], []]);
  });

  it('waits for what the callback returns', async (loop) => {
    const order: string[] = [];
    const future = loop.createFuture<number>();
    future.setResult(7);

    const value = await future.finally(() => sleep(1).then(() => void order.push('cleaned')));

    assert.equal([...order, value], ['cleaned', 7]);
    assert.is(loop.time(), 1001);
  });

  it("rejects with what the callback throws instead of the future's outcome", async (loop) => {
    const future = loop.createFuture<number>();
    future.setResult(7);

    const chained = future.finally(() => {
      throw new RangeError('mine');
    });

    await rejects(chained, RangeError, { message: 'mine' });
  });

  it('passes a cancel of the awaiting task to the future', async (loop) => {
    const calls: string[] = [];
    const future = loop.createFuture();
    const task = createTask(async () => await future.finally(() => calls.push('cleaned')));
    await sleep(0);

    task.cancel();

    await rejects(task, CancelledError);
    assert.equal([...calls, future.cancelled()], ['cleaned', true]);
  });
});

loopBehaviour('Future', (it) => {
  for (const [what, use] of [
    ['nobody asks', () => {}],
    ['only then(f) is asked', (future: Future<unknown>) => void future.then(() => {})],
    ['only finally(f) is asked', (future: Future<unknown>) => void future.finally(() => {})],
  ] as const)
    it(`is no unhandled rejection if it fails and ${what}`, async (loop, scene) => {
      const unhandled = await unhandledDuring(async () => {
        const early = loop.createFuture();
        use(early);
        early.setException(new Error('boom'));
        const late = loop.createFuture();
        late.setException(new Error('boom'));
        use(late);
        await pause(scene.settle);

        assert.equal([early._unseen, late._unseen], [true, true]);
        early.exception();
        late.exception();
      });

      assert.equal(unhandled, []);
    });

  it('counts as retrieved if there is a callback for errors', async (loop, { settle }) => {
    const future = loop.createFuture();
    future.setException(new Error('boom'));

    future.catch(() => {});
    await settle(1);

    assert.is(future._unseen, false);
  });

  it('counts as retrieved if the result of then() is awaited', async (loop) => {
    const future = loop.createFuture();
    const chained = future.then(() => {});
    future.setException(new Error('boom'));

    await rejects(chained, Error, { message: 'boom' });

    assert.is(future._unseen, false);
  });

  it('is an unhandled rejection if a callback has thrown the error', async (loop, scene) => {
    const mine = new Error('mine');

    const unhandled = await unhandledDuring(async () => {
      const future = loop.createFuture();
      future.setResult(1);
      void future.then(() => {
        throw mine;
      });
      await pause(scene.settle);
    });

    assert.equal(unhandled, [mine]);
  });
});

loopBehaviour('Promise.all', (it) => {
  it('takes futures, tasks and operations', async (loop) => {
    const future = loop.createFuture<string>();
    loop.callLater(2, () => future.setResult('future'));
    const task = createTask(async () => 'task');

    const results = await Promise.all([future, task, sleep(1, 'operation'), 'value']);

    assert.equal(results, ['future', 'task', 'operation', 'value']);
    assert.is(loop.time(), 1002);
  });

  it('passes a cancel of the awaiting task to everything that it waits for', async (loop) => {
    const futures = [1, 2, 3].map(() => loop.createFuture());
    const task = createTask(async () => await Promise.all(futures));
    await sleep(0);

    task.cancel();

    await rejects(task, CancelledError);
    assert.equal(
      futures.map((future) => future.cancelled()),
      [true, true, true],
    );
  });
});

loopBehaviour('Promise.race', (it) => {
  it('returns what comes first, and does not cancel the others', async (loop) => {
    const slow = sleep(10, 'slow');

    const first = await Promise.race([slow, sleep(1, 'fast')]);

    assert.is(first, 'fast');
    assert.is(loop.time(), 1001);
    assert.is(await slow, 'slow');
  });
});

/** Long enough for Node to have said what it has to say of a rejection. */
async function pause(settle: (turns?: number) => Promise<void>): Promise<void> {
  await settle(2);
  await new Promise((resolve) => setImmediate(resolve));
}

/** The reasons of the rejections that nobody handled while `action` ran. */
async function unhandledDuring(action: () => Promise<void>): Promise<unknown[]> {
  const reasons: unknown[] = [];
  const note = (reason: unknown): void => void reasons.push(reason);
  process.on('unhandledRejection', note);
  try {
    await action();
  } finally {
    process.off('unhandledRejection', note);
  }
  return reasons;
}
