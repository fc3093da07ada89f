import * as assert from 'uvu/assert';
import {
  asCompleted,
  CancelledError,
  coroutine,
  createTask,
  ExceptionGroup,
  gather,
  type Loop,
  sleep,
  TaskGroup,
  TimeoutError,
  taskGroup,
  timeout,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

class Boom extends Error {}

/** Seconds from now. */
function clock(loop: Loop): () => number {
  const began = loop.time();
  return () => Math.round((loop.time() - began) * 1000) / 1000;
}

/** Work that notes who runs, and how many at most did. */
function work() {
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const one = coroutine(async function one(n: number, delay?: number): Promise<number> {
    begun.push(n);
    running += 1;
    most = Math.max(most, running);
    try {
      await sleep(delay ?? 1);
      return n;
    } finally {
      running -= 1;
    }
  });
  return { begun, one, most: () => most };
}

const TEN = Array.from({ length: 10 }, (_, n) => n);

loopBehaviour('gather with a limit', (it) => {
  it('runs at most `limit` at a time, in order, and returns all results', async (loop) => {
    const passed = clock(loop);
    const { begun, one, most } = work();

    const results = await gather(...TEN.map((n) => one(n)), { limit: 3 });

    assert.equal(results, TEN);
    assert.equal(begun, TEN);
    assert.is(most(), 3);
    assert.is(passed(), 4);
  });

  it('counts functions, but not what already runs', async (loop) => {
    const passed = clock(loop);
    const { one } = work();
    const running = [createTask(one(0, 2)), createTask(one(1, 2))];

    const results = await gather(
      ...running,
      () => one(2, 2),
      async () => await one(3, 2),
      sleep(2, 4),
      {
        limit: 1,
      },
    );

    assert.equal(results, [0, 1, 2, 3, 4]);
    assert.is(passed(), 4);
  });

  it('continues with the others when one fails', async () => {
    const { begun, one } = work();
    const fail = async (): Promise<void> => {
      throw new Boom('boom');
    };

    await rejects(gather(fail, one(1), one(2), { limit: 1 }), Boom);
    await sleep(5);

    assert.equal(begun, [1, 2]);
  });

  it('never starts those that are cancelled before their turn, without a warning', async () => {
    const { begun, one, most } = work();
    const gathering = gather(...TEN.map((n) => one(n)), { limit: 2 });
    await sleep(0.5);

    gathering.cancel();
    await rejects(gathering, CancelledError);

    assert.equal(begun, [0, 1]);
    assert.is(most(), 2);
  });

  it('passes a slot on if it comes together with a cancel', async () => {
    const { begun, one } = work();
    const group = new TaskGroup({ limit: 1 });
    await group.run(async () => {
      const [, second] = [0, 1, 2].map((n) => group.createTask(one(n)));
      await sleep(1);
      // It has its slot in this turn.
      second?.cancel();
    });

    assert.equal(begun, [0, 2]);
  });

  it('refuses a wrong limit before anything has started', async () => {
    const { begun, one } = work();
    const call = one(1);
    for (const limit of [0, -1, 1.5, Number.NaN])
      throws(() => gather(call, { limit }), RangeError, {
        message: /limit must be an integer >= 1/,
      });
    throws(() => gather(call, { limit: '2' as never }), TypeError);
    throws(() => asCompleted([call], { limit: 0 }), RangeError);
    throws(() => taskGroup(async () => {}, { limit: 0 }), RangeError);
    throws(() => new TaskGroup({ limit: 0 }), RangeError);
    await gather(call, { limit: Number.POSITIVE_INFINITY });

    assert.equal(begun, [1]);
  });
});

loopBehaviour('asCompleted with a limit', (it) => {
  it('runs at most `limit` at a time, and returns them as they are done', async (loop) => {
    const passed = clock(loop);
    const { one, most } = work();
    const given: number[] = [];

    for (const next of asCompleted([one(3, 3), one(1, 1), one(2, 1)], { limit: 2 }))
      given.push(await next);

    assert.equal(
      given,
      [1, 2, 3].sort((a, b) => (a === 3 ? 1 : b === 3 ? -1 : a - b)),
    );
    assert.is(most(), 2);
    assert.is(passed(), 3);
  });

  it('returns tasks with the results, with `for await`', async () => {
    const { one } = work();
    const given: number[] = [];

    for await (const task of asCompleted(
      TEN.map((n) => one(n)),
      { limit: 4 },
    ))
      given.push(task.result());

    assert.equal(given, TEN);
  });
});

loopBehaviour('taskGroup with a limit', (it) => {
  it('runs at most `limit` of its tasks at a time', async (loop) => {
    const passed = clock(loop);
    const { begun, one, most } = work();

    const tasks = await taskGroup(async (group) => TEN.map((n) => group.createTask(one(n))), {
      limit: 5,
    });

    assert.equal(
      tasks.map((task) => task.result()),
      TEN,
    );
    assert.equal(begun, TEN);
    assert.is(most(), 5);
    assert.is(passed(), 2);
  });

  it('cancels those that wait for their turn when one fails', async () => {
    const { begun, one } = work();

    const group = await rejects(
      taskGroup(
        async (group) => {
          group.createTask(async () => {
            await sleep(1);
            throw new Boom('boom');
          });
          for (const n of TEN) group.createTask(one(n, 5));
        },
        { limit: 2 },
      ),
      ExceptionGroup,
    );

    assert.equal(begun, [0]);
    assert.is(group.exceptions.length, 1);
  });

  it('starts an eager task at once if a slot is free', async () => {
    const { begun, one } = work();

    await taskGroup(
      async (group) => {
        group.createTask(one(1), { eagerStart: true });
        assert.equal(begun, [1]);
        group.createTask(one(2), { eagerStart: true });
        assert.equal(begun, [1]);
      },
      { limit: 1 },
    );

    assert.equal(begun, [1, 2]);
  });

  it('keeps the name and the context of each task', async () => {
    const { one } = work();
    const [task] = await taskGroup(async (group) => [group.createTask(one(1), { name: 'first' })], {
      limit: 1,
    });

    assert.match(
      String(task),
      /^<Task finished name='first' coro=<one\(\) done, defined at .*concurrency-limit/,
    );
  });

  it('is cancelled as a whole by a time limit around it', async (loop) => {
    const passed = clock(loop);
    const { begun, one } = work();

    await rejects(
      timeout(2.5, () =>
        taskGroup(async (group) => void TEN.map((n) => group.createTask(one(n))), { limit: 2 }),
      ),
      TimeoutError,
    );

    assert.equal(begun, [0, 1, 2, 3, 4, 5]);
    assert.is(passed(), 2.5);
  });
});
