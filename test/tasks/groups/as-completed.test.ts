import * as assert from 'uvu/assert';
import {
  asCompleted,
  CancelledError,
  coroutine,
  createTask,
  RuntimeError,
  setEventLoop,
  sleep,
  type Task,
  TimeoutError,
  wait,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const BASE = 'test_tasks.py::BaseTaskTests::';

const give = coroutine(async function give(value: string) {
  return value;
});

async function failAfter(delay: number): Promise<never> {
  await sleep(delay);
  throw new RangeError('failed');
}

loopBehaviour('asCompleted', (it) => {
  it(
    'returns results in the order of completion',
    async (loop) => {
      const begin = loop.time();
      const values: string[] = [];

      const all = [sleep(0.02, 'b'), sleep(0.15, 'c'), sleep(0.01, 'a')];
      for (const next of asCompleted(all)) values.push(await next);

      assert.equal(values, ['a', 'b', 'c']);
      assert.is(loop.time(), begin + 0.15);
    },
    { cpython: [`${BASE}test_as_completed`] },
  );

  it('returns the tasks themselves, asynchronously', async () => {
    const tasks = [0.03, 0.01, 0.02].map((delay, n) =>
      createTask(sleep(delay, n), { name: `task ${n}` }),
    );
    const given: Task<number>[] = [];

    for await (const task of asCompleted(tasks)) {
      assert.ok(task.done());
      given.push(task);
    }

    assert.equal(
      given.map((task) => task.getName()),
      ['task 1', 'task 2', 'task 0'],
    );
    assert.ok(given.every((task) => tasks.includes(task)));
  });

  it('creates futures from anything else, asynchronously', async () => {
    const results: unknown[] = [];

    for await (const future of asCompleted([give('a'), async () => 'b', Promise.resolve('c')]))
      results.push(await future);

    assert.equal(results.sort(), ['a', 'b', 'c']);
  });

  it('throws a failure at its place, and continues', async () => {
    const log: string[] = [];

    for (const next of asCompleted([sleep(0.3, 'late'), () => failAfter(0.2), sleep(0.1, 'early')]))
      log.push(await next.catch((error: Error) => error.message));

    assert.equal(log, ['early', 'failed', 'late']);
  });

  it('continues with the rest when it is iterated over again', async () => {
    const all = asCompleted([sleep(0.1, 'a'), sleep(0.2, 'b'), sleep(0.3, 'c')]);
    const log: string[] = [];

    for (const next of all) {
      log.push(await next);
      break;
    }
    for await (const future of all) {
      log.push(`then ${future.result()}`);
      break;
    }
    for (const next of all) log.push(await next);

    assert.equal(log, ['a', 'then b', 'c']);
    assert.equal([...all], []);
  });

  for (const how of ['iterated', 'asynchronously iterated'])
    it(
      `continues after a break when it is ${how} over again`,
      async () => {
        const all = asCompleted(['a', 'b', 'c', 'd'].map((each) => give(each)));
        const got: string[] = [];
        const take = async (most: number): Promise<void> => {
          if (how === 'iterated')
            for (const next of all) {
              got.push(await next);
              if (got.length === most) break;
            }
          else
            for await (const next of all) {
              got.push(await next);
              if (got.length === most) break;
            }
        };

        await take(2);
        assert.is(got.length, 2);
        await take(9);

        assert.equal(got.sort(), ['a', 'b', 'c', 'd']);
      },
      { cpython: [`${BASE}test_as_completed_resume_iterator`] },
    );

  it(
    'returns the tasks among its arguments, but no coroutines, asynchronously',
    async () => {
      const given = [give('a'), createTask(give('b')), give('c'), createTask(give('d'))];
      const out = new Set<unknown>();

      for await (const next of asCompleted(given)) out.add(next);

      assert.is(out.size, 4);
      assert.equal(
        given.map((each) => out.has(each)),
        [false, true, false, true],
      );
    },
    { cpython: [`${BASE}test_as_completed_same_tasks_in_as_out`] },
  );

  it(
    'throws for the rest when the time is up, and cancels nothing',
    async (loop) => {
      const begin = loop.time();
      const [a, b] = [createTask(sleep(0.1, 'a')), createTask(sleep(0.15, 'b'))];
      const log: string[] = [];

      for (const next of asCompleted([a, b], { timeout: 0.12 }))
        log.push(await next.catch((error: Error) => error.name));

      assert.equal(log, ['a', 'TimeoutError']);
      assert.is(loop.time(), begin + 0.12);
      assert.is(await b, 'b');
    },
    { cpython: [`${BASE}test_as_completed_with_timeout`] },
  );

  it('throws when the time is up, asynchronously', async () => {
    const task = createTask(sleep(1));
    const iterate = async (): Promise<void> => {
      for await (const _ of asCompleted([task], { timeout: 0.5 }));
    };

    await rejects(iterate(), TimeoutError);

    await task;
  });

  it(
    'cancels its timer when all are done',
    async (loop) => {
      const begin = loop.time();

      for (const next of asCompleted([sleep(0.01, 'a')], { timeout: 1 }))
        assert.is(await next, 'a');

      assert.is(loop.time(), begin + 0.01);
    },
    { cpython: [`${BASE}test_as_completed_with_unused_timeout`] },
  );

  it(
    'serves the first caller first',
    async (loop) => {
      const begin = loop.time();
      const [first, second, ...others] = [...asCompleted([sleep(0.05, 'a'), sleep(0.1, 'b')])];
      assert.is(others.length, 0);

      assert.is(await second, 'a');
      assert.is(loop.time(), begin + 0.05);
      assert.is(await first, 'b');
      assert.is(loop.time(), begin + 0.1);
    },
    { cpython: [`${BASE}test_as_completed_reverse_wait`] },
  );

  it(
    'can be used by several tasks at once',
    async () => {
      const all = [...asCompleted([sleep(0.05, 'a'), sleep(0.05, 'b')])];

      const [done] = await wait(all.map((next) => createTask(next)));

      assert.equal([...done].map((task) => task.result()).sort(), ['a', 'b']);
    },
    { cpython: [`${BASE}test_as_completed_concurrent`] },
  );

  it('loses nothing to a task that is cancelled', async () => {
    const all = asCompleted([sleep(0.1, 'a'), sleep(0.2, 'b')]);
    const [first, second] = [...all].map((next) => createTask(next)) as [
      Task<string>,
      Task<string>,
    ];
    await sleep(0.05);
    first.cancel();

    await rejects(first, CancelledError);

    assert.is(await second, 'a');
  });

  it('loses nothing to a task that is cancelled as it is woken', async (loop) => {
    for (let turns = 0; turns < 5; turns += 1) {
      const [a, b] = [loop.createFuture<string>(), loop.createFuture<string>()];
      const [first, second] = [...asCompleted([a, b])].map((next) => createTask(next)) as [
        Task<string>,
        Task<string>,
      ];
      await sleep(0);
      a.setResult('a');
      for (let turn = 0; turn < turns; turn += 1) await sleep(0);
      first.cancel();
      await wait([first]);
      for (let turn = 0; turn < 5; turn += 1) await sleep(0);

      assert.is(second.done(), first.cancelled(), `after ${turns} turns`);
      b.setResult('b');
      assert.is(await second, first.cancelled() ? 'a' : 'b');
    }
  });

  it(
    'returns a duplicate once',
    async () => {
      const call = give('ham');
      const results: string[] = [];

      for (const next of asCompleted([call, call, give('spam')])) results.push(await next);

      assert.equal(results.sort(), ['ham', 'spam']);
    },
    { cpython: [`${BASE}test_as_completed_duplicate_coroutines`] },
  );

  it(
    'creates tasks on the running loop',
    async () => {
      const [only, ...others] = [...asCompleted([give('42')])];

      assert.is(others.length, 0);
      assert.is(await only, '42');
    },
    { cpython: [`${BASE}test_as_completed_coroutine_use_running_loop`] },
  );

  it.resting(
    'needs a loop',
    () => {
      setEventLoop(undefined);
      const call = give('42');

      throws(() => asCompleted([call]), RuntimeError, { message: /no current event loop/i });

      call.close();
    },
    { cpython: [`${BASE}test_as_completed_coroutine_without_loop`] },
  );

  it(
    'refuses what it cannot wait for, at once',
    async (loop) => {
      const call = give('');
      const refused = (what: unknown, message: RegExp): void => {
        throws(() => asCompleted(what as never), TypeError, { message });
      };

      refused(loop.createFuture(), /^expect an iterable of futures, not Future$/);
      refused(call, /^expect an iterable of futures, not Coroutine$/);
      refused([call, 5], /awaitable is required, got 5/);
      throws(() => asCompleted([call], { timeout: Number.NaN }), RangeError);
      call.close();
    },
    { cpython: [`${BASE}test_as_completed_invalid_args`] },
  );
});
