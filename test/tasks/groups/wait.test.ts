import * as assert from 'uvu/assert';
import {
  ALL_COMPLETED,
  CancelledError,
  coroutine,
  createTask,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  sleep,
  type Task,
  wait,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const BASE = 'test_tasks.py::BaseTaskTests::';

async function failAfter(delay: number): Promise<void> {
  await sleep(delay);
  throw new RangeError('err');
}

/** Ends what a test left waiting. */
async function end(...tasks: Task<unknown>[]): Promise<void> {
  for (const task of tasks) task.cancel();
  await wait(tasks);
}

loopBehaviour('wait', (it) => {
  it(
    'waits for all, and takes no time if they are done',
    async (loop) => {
      const begin = loop.time();
      const [a, b] = [createTask(sleep(0.1)), createTask(sleep(0.15))];

      for (let n = 0; n < 2; n += 1) {
        const [done, pending] = await wait([b, a]);

        assert.equal([...done], [b, a]);
        assert.is(pending.size, 0);
        assert.is(loop.time(), begin + 0.15);
      }
    },
    { cpython: [`${BASE}test_wait`] },
  );

  it(
    'counts duplicates once',
    async () => {
      const task = createTask(async () => 'test');
      const other = createTask(async () => 'spam');

      const [done, pending] = await wait([task, task, other]);

      assert.equal(
        [...done].map((each) => each.result()),
        ['test', 'spam'],
      );
      assert.is(pending.size, 0);
    },
    { cpython: [`${BASE}test_wait_duplicate_coroutines`] },
  );

  it(
    'accepts any iterable',
    async () => {
      const [a, b] = [createTask(sleep(0.1)), createTask(sleep(0.15))];

      const [done, pending] = await wait([b, a][Symbol.iterator]());

      assert.equal([...done], [b, a]);
      assert.is(pending.size, 0);
    },
    { cpython: [`${BASE}test_wait_with_iterator_of_tasks`] },
  );

  it(
    'accepts a generator',
    async () => {
      function* tasks(): Generator<Task<number>> {
        for (let n = 0; n < 10; n += 1) yield createTask(async () => n);
      }

      const [done, pending] = await wait(tasks(), { returnWhen: ALL_COMPLETED });

      assert.equal([done.size, pending.size], [10, 0]);
    },
    { cpython: [`${BASE}test_wait_generator`] },
  );

  it(
    'returns with the first that is done',
    async (loop) => {
      const begin = loop.time();
      const [a, b] = [createTask(sleep(10)), createTask(sleep(0.1))];

      const [done, pending] = await wait([b, a], { returnWhen: FIRST_COMPLETED });

      assert.equal([...done], [b]);
      assert.equal([...pending], [a]);
      assert.is(loop.time(), begin + 0.1);
      await end(a);
    },
    { cpython: [`${BASE}test_wait_first_completed`] },
  );

  it(
    'counts those that were done before it woke up',
    async () => {
      const a = createTask(async () => await sleep(0));
      const b = createTask(async () => {
        await sleep(0);
        await sleep(0);
      });

      const [done] = await wait([b, a], { returnWhen: FIRST_COMPLETED });

      assert.equal([...done], [b, a]);
    },
    { cpython: [`${BASE}test_wait_really_done`] },
  );

  for (const delay of [0, 0.01])
    it(
      `returns with the first failure, after ${delay} seconds`,
      async (loop) => {
        const begin = loop.time();
        const [a, b] = [createTask(sleep(10)), createTask(() => failAfter(delay))];

        const [done, pending] = await wait([b, a], { returnWhen: FIRST_EXCEPTION });

        assert.equal([...done], [b]);
        assert.equal([...pending], [a]);
        assert.is(loop.time(), begin + delay);
        await end(a);
      },
      { cpython: [`${BASE}test_wait_first_exception${delay > 0 ? '_in_wait' : ''}`] },
    );

  it('does not count a cancel as a failure', async (loop) => {
    const begin = loop.time();
    const [a, b] = [createTask(sleep(10)), createTask(sleep(1))];
    loop.callSoon(() => void b.cancel());

    const [done] = await wait([b, a], { returnWhen: FIRST_EXCEPTION });

    assert.equal([...done], [b, a]);
    assert.is(loop.time(), begin + 10);
  });

  it(
    'does not throw failures',
    async (loop) => {
      const begin = loop.time();
      const [a, b] = [createTask(sleep(0.1)), createTask(() => failAfter(0.15))];

      for (let n = 0; n < 2; n += 1) {
        const [done, pending] = await wait([b, a]);

        assert.is([...done].filter((task) => task.exception() !== undefined).length, 1);
        assert.is(pending.size, 0);
        assert.is(loop.time(), begin + 0.15);
      }
    },
    { cpython: [`${BASE}test_wait_with_exception`] },
  );

  for (const { timeout, cpython } of [
    { timeout: 0.11, cpython: 'test_wait_with_timeout' },
    { timeout: 0.1, cpython: 'test_wait_concurrent_complete' },
  ])
    it(
      `returns after ${timeout} seconds, and cancels nothing`,
      async (loop) => {
        const begin = loop.time();
        const [a, b] = [createTask(sleep(0.1)), createTask(sleep(0.15))];

        const [done, pending] = await wait([b, a], { timeout });

        assert.equal([...done], [a]);
        assert.equal([...pending], [b]);
        assert.is(loop.time(), begin + timeout);
        await b;
      },
      { cpython: [BASE + cpython] },
    );

  it(
    'leaves them running when it is cancelled',
    async (loop, scene) => {
      let proof = 0;
      const waiter = loop.createFuture<void>();
      const outer = createTask(async () => {
        const inner = createTask(async () => {
          await waiter;
          proof += 1;
        });
        await wait([inner]);
        proof += 100;
      });
      await scene.settle();
      outer.cancel();
      await rejects(outer, CancelledError);
      waiter.setResult();
      await scene.settle();

      assert.is(proof, 1);
    },
    { cpython: [`${BASE}test_yield_wait_does_not_shield_cancel`] },
  );

  it('removes its callbacks', async (loop) => {
    const future = loop.createFuture<void>();

    await wait([future], { timeout: 1 });

    assert.is(String(future), '<Future pending>');
  });

  it(
    'refuses what it cannot wait for, at once',
    async (loop) => {
      const call = coroutine(async () => {})();
      const refused = (what: unknown, message: RegExp, options = {}): void => {
        throws(() => wait(what as never, options), Error, { message });
      };

      refused(new Set(), /^Set of Tasks\/Futures is empty\.$/);
      refused([], /is empty/);
      refused([loop.createFuture()], /^Invalid return_when value: -1$/, { returnWhen: -1 });
      refused([loop.createFuture()], /^Invalid timeout: NaN/, { timeout: Number.NaN });
      refused(loop.createFuture(), /^expect a list of futures, not Future$/);
      refused(call, /^expect a list of futures, not Coroutine$/);
      refused([call], /^Passing coroutines is forbidden, use tasks explicitly\.$/);
      refused([5], /^futures and tasks were expected, got 5$/);
      call.close();
    },
    { cpython: [`${BASE}test_wait_errors`, `${BASE}test_wait_invalid_args`] },
  );

  it('compares the constants by value', async () => {
    assert.equal(
      [FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED],
      ['FIRST_COMPLETED', 'FIRST_EXCEPTION', 'ALL_COMPLETED'],
    );
  });
});
