import * as assert from 'uvu/assert';
import {
  CancelledError,
  type Coroutine,
  coroutine,
  createTask,
  type Future,
  gather,
  getRunningLoop,
  newEventLoop,
  RuntimeError,
  setEventLoop,
  sleep,
  type Task,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const FUTURES = 'test_tasks.py::FutureGatherTests::';
const COROUTINES = 'test_tasks.py::CoroutineGatherTests::';
const BOTH = 'test_tasks.py::GatherTestsBase::';
const BASE = 'test_tasks.py::BaseTaskTests::';

function give<T>(value: T): Coroutine<T> {
  return coroutine(async function give() {
    return value;
  })();
}

function futures(count: number): Future<unknown>[] {
  return Array.from({ length: count }, () => getRunningLoop().createFuture<unknown>());
}

/** The same futures, or coroutines that await them. */
const forms: Record<string, (all: Future<unknown>[]) => PromiseLike<unknown>[]> = {
  futures: (all) => all,
  coroutines: (all) => all.map((future) => coroutine(async () => await future)()),
};

loopBehaviour('gather', (it) => {
  for (const [form, wrap] of Object.entries(forms)) {
    it(
      `returns the results in the order of the arguments, of ${form}`,
      async (_loop, scene) => {
        for (const options of [[], [{ returnExceptions: false }], [{ returnExceptions: true }]]) {
          const [a, b, c] = futures(3) as [Future<number>, Future<number>, Future<number>];
          const called: unknown[] = [];
          const whole = gather(...wrap([a, b, c]), ...(options as []));
          whole.addDoneCallback((future) => called.push(future));

          b.setResult(1);
          a.setResult(2);
          await scene.settle(5);
          assert.not(whole.done());
          c.setResult(3);
          await scene.settle(5);

          assert.equal(called, [whole]);
          assert.equal(whole.result(), [2, 1, 3]);
        }
      },
      { cpython: [`${BOTH}test_success`, `${BOTH}test_result_exception_success`] },
    );

    it(
      `fails with the first failure, and does not report others, of ${form}`,
      async (_loop, scene) => {
        const [a, b, c, d, e] = futures(5) as Future<unknown>[] & { length: 5 };
        const called: unknown[] = [];
        const whole = gather(...wrap([a, b, c, d, e] as Future<unknown>[]));
        whole.addDoneCallback((future) => called.push(future));
        const error = new Error('first');

        a?.setResult(1);
        b?.setException(error);
        await scene.settle(5);

        assert.equal(called, [whole]);
        assert.is(whole.exception(), error);
        c?.setResult(3);
        d?.cancel();
        e?.setException(new RuntimeError('later'));
        await scene.settle(5);
      },
      { cpython: [`${BOTH}test_one_exception`] },
    );

    it(
      `returns failures in place of results on request, of ${form}`,
      async (_loop, scene) => {
        const [a, b, c, d] = futures(4) as Future<unknown>[];
        const whole = gather(...wrap([a, b, c, d] as Future<unknown>[]), {
          returnExceptions: true,
        });
        const [one, other] = [new Error('one'), new RuntimeError('other')];

        b?.setResult(1);
        c?.setException(one);
        a?.setResult(3);
        await scene.settle(5);
        assert.not(whole.done());
        d?.setException(other);
        await scene.settle(5);

        const results = whole.result();
        assert.equal(results.slice(0, 2), [3, 1]);
        assert.is(results[2], one);
        assert.is(results[3], other);
      },
      { cpython: [`${BOTH}test_return_exceptions`] },
    );
  }

  it('types each result in its place', async () => {
    const [number, text, slept]: [number, string, string] = await gather(
      give(1),
      async () => 'two',
      sleep(1, 'three'),
    );

    assert.equal([number, text, slept], [1, 'two', 'three']);
  });

  it(
    'without arguments is done at once',
    async (loop) => {
      const whole = gather();

      assert.ok(whole.done());
      assert.is(whole.getLoop(), loop);
      assert.equal(whole.result(), []);
      assert.equal(await gather({ returnExceptions: true }), []);
    },
    { cpython: [`${FUTURES}test_constructor_empty_sequence_use_running_loop`] },
  );

  it('is done at once if its arguments are', async () => {
    const [a, b] = futures(2) as [Future<unknown>, Future<unknown>];
    a.setResult(1);
    b.setResult(2);

    const whole = gather(a, b);

    assert.ok(whole.done());
    assert.equal(whole.result(), [1, 2]);
  });

  it.resting(
    'needs a loop',
    () => {
      setEventLoop(undefined);
      const calls = [give(1), give(2)];

      throws(() => gather(), RuntimeError, { message: /no current event loop/i });
      throws(() => gather(...calls), RuntimeError, { message: /no current event loop/i });

      for (const call of calls) call.close();
    },
    {
      cpython: [
        `${FUTURES}test_constructor_empty_sequence_without_loop`,
        `${COROUTINES}test_constructor_without_loop`,
      ],
    },
  );

  it(
    'uses the running loop',
    async (loop) => {
      const whole = gather(give('abc'), give('abc'));

      assert.is(whole.getLoop(), loop);
      assert.equal(await whole, ['abc', 'abc']);
    },
    { cpython: [`${COROUTINES}test_constructor_use_running_loop`] },
  );

  it.resting(
    'uses the set loop if none runs',
    async (loop) => {
      setEventLoop(loop);
      try {
        const empty = gather();
        const whole = gather(give('abc'), give('def'));

        assert.is(empty.getLoop(), loop);
        assert.equal(empty.result(), []);
        assert.is(whole.getLoop(), loop);
        assert.equal(await loop.runUntilComplete(whole), ['abc', 'def']);
      } finally {
        setEventLoop(undefined);
      }
    },
    {
      cpython: [
        `${FUTURES}test_constructor_empty_sequence_use_global_loop`,
        `${COROUTINES}test_constructor_use_global_loop`,
      ],
    },
  );

  it.resting(
    'uses the loop of its futures, and refuses those of two',
    (loop) => {
      const other = newEventLoop();
      const [here, there] = [loop.createFuture(), other.createFuture()];

      throws(() => gather(here, there), RangeError, { message: /different loop/ });
      for (let n = 0; n < 2; n += 1) {
        const whole = gather(there, there);
        assert.is(whole.getLoop(), other);
        assert.not(whole.done());
      }

      other.close();
    },
    {
      cpython: [
        `${FUTURES}test_constructor_heterogenous_futures`,
        `${FUTURES}test_constructor_homogenous_futures`,
      ],
    },
  );

  it(
    'fails with a cancel when one of them is cancelled, and is not cancelled itself',
    async (_loop, scene) => {
      const [a, b, c, d, e] = futures(5) as Future<unknown>[];
      const whole = gather(...([a, b, c, d, e] as Future<unknown>[]));

      a?.setResult(1);
      b?.cancel('one');
      await scene.settle();

      assert.ok(whole.done());
      assert.not(whole.cancelled());
      const error = whole.exception();
      assert.instance(error, CancelledError);
      assert.is((error as CancelledError).message, 'one');
      c?.setResult(3);
      d?.cancel();
      e?.setException(new RuntimeError('later'));
      await scene.settle();
    },
    { cpython: [`${FUTURES}test_one_cancellation`] },
  );

  it(
    'returns cancels in place of results on request',
    async () => {
      const [a, b, c, d] = futures(4) as Future<unknown>[];
      const whole = gather(...([a, b, c, d] as Future<unknown>[]), { returnExceptions: true });
      const error = new RuntimeError('failed');

      a?.setResult(1);
      b?.setException(error);
      c?.cancel('why');
      d?.cancel();

      const [first, second, third, fourth] = await whole;
      assert.is(first, 1);
      assert.is(second, error);
      assert.instance(third, CancelledError);
      assert.is((third as CancelledError).message, 'why');
      assert.instance(fourth, CancelledError);
    },
    { cpython: [`${FUTURES}test_result_exception_one_cancellation`] },
  );

  it(
    'runs a coroutine once that is passed more than once',
    async () => {
      const call = give('abc');

      assert.equal(await gather(call, call, give('def'), call), ['abc', 'abc', 'def', 'abc']);
    },
    { cpython: [`${COROUTINES}test_duplicate_coroutines`] },
  );

  it('calls a function as often as it is passed', async () => {
    let calls = 0;
    const count = async (): Promise<number> => {
      calls += 1;
      return calls;
    };

    assert.equal(await gather(count, count), [1, 2]);
  });

  it(
    'passes on a cancel to all',
    async (loop) => {
      let proof = 0;
      const waiter = loop.createFuture<void>();
      const inner = async (): Promise<void> => {
        await waiter;
        proof += 1;
      };
      const [child1, child2] = [createTask(inner), createTask(inner)];
      let whole: Future<unknown> | undefined;
      const outer = createTask(async () => {
        whole = gather(child1, child2);
        await whole;
        proof += 100;
      });
      await sleep(0);

      assert.ok(outer.cancel());

      await rejects(outer, CancelledError);
      assert.not(whole?.cancel());
      assert.ok(waiter.cancelled() && child1.cancelled() && child2.cancelled());
      assert.is(proof, 0);
    },
    { cpython: [`${COROUTINES}test_cancellation_broadcast`] },
  );

  it(
    'marks failures as retrieved that come after it has failed',
    async (loop, scene) => {
      const [a, b] = [loop.createFuture<void>(), loop.createFuture<void>()];
      const inner = (until: Future<void>) =>
        createTask(async () => {
          await until;
          throw new RuntimeError('should not be ignored');
        });
      const [first, second] = [inner(a), inner(b)];
      const outer = createTask(async () => void (await gather(first, second)));
      await scene.settle();
      a.setResult();
      await scene.settle();
      b.setResult();
      await scene.settle();

      assert.instance(outer.exception(), RuntimeError);
      assert.not(first._unseen);
      assert.not(second._unseen);
    },
    { cpython: [`${COROUTINES}test_exception_marking`] },
  );

  it('says what to write if it gets a list', async () => {
    const list = [give(1), give(2)];
    const message = 'gather() takes awaitables one by one, not in a list: write gather(...list)';
    // @ts-expect-error as the compiler says, too
    throws(() => gather(list), TypeError, { message });
    // @ts-expect-error also with options
    throws(() => gather(list, { returnExceptions: true }), TypeError, { message });
    // @ts-expect-error or a set
    throws(() => gather(new Set(list)), TypeError, { message });

    assert.equal(await gather(...list), [1, 2]);
  });

  it(
    'starts nothing if one of its arguments cannot be awaited',
    async () => {
      const call = give('abc');

      const other = give('def');
      throws(() => gather(call, { some: 'thing' } as never, other), TypeError, {
        message: /awaitable is required, got \{'some': 'thing'\}/,
      });

      assert.equal([await call, await other], ['abc', 'def']);
    },
    { cpython: [`${COROUTINES}test_issue46672`] },
  );

  it(
    'refuses a cancel when everything it waits for is done',
    async (loop) => {
      const future = loop.createFuture<number>();
      const whole = gather(async () => await future);
      let answer: boolean | undefined;
      await sleep(0);
      future.addDoneCallback(() => {
        loop.callSoon(() => {
          answer = whole.cancel();
        });
      });
      future.setResult(42);

      assert.equal(await whole, [42]);

      assert.is(answer, false);
      assert.not(whole.cancelled());
    },
    { cpython: [`${BASE}test_cancel_gather_1`] },
  );

  for (const message of [undefined, 'my message'])
    it(
      `is cancelled even if failures are results, with ${message ?? 'no message'}`,
      async () => {
        const task = createTask(async () => {
          for (;;) await gather(sleep(0.05), { returnExceptions: true });
        });
        await sleep(0.2);
        task.cancel(message);

        const error = await rejects(task, CancelledError);

        assert.is(error.message, message ?? '');
      },
      { cpython: [`${BASE}test_cancel_gather_2`] },
    );

  it('waits for everything it cancels if failures are results', async () => {
    const log: string[] = [];
    const slow = async (name: string, delay: number): Promise<void> => {
      await sleep(10).catch(() => sleep(delay));
      log.push(name);
    };
    const whole = gather(
      () => slow('a', 1),
      () => slow('b', 2),
      { returnExceptions: true },
    );
    await sleep(0);
    whole.cancel();

    await rejects(whole, CancelledError);

    assert.equal(log, ['a', 'b']);
  });

  it(
    'gathers thousands',
    async () => {
      const tasks: Task<number>[] = [];
      for (let n = 0; n < 1000; n += 1) tasks.push(createTask(async () => n));

      assert.equal(
        await gather(...tasks),
        tasks.map((_, n) => n),
      );
    },
    { cpython: [`${BASE}test_task_del_collect`] },
  );

  it('prints its name in asyncio', async () => {
    const whole = gather(sleep(1));

    assert.is(String(whole), '<_GatheringFuture pending>');

    await whole;
  });

  it('uses the last argument as options only if it is a plain object', async () => {
    // biome-ignore lint/suspicious/noThenProperty: what is awaited has one
    const thenable = { then: (give: (value: number) => void) => give(5) };

    assert.equal(await gather(thenable as PromiseLike<number>), [5]);
    throws(() => gather(new (class Options {})() as never), TypeError);
  });
});
