import * as assert from 'uvu/assert';
import {
  CancelledError,
  Coroutine,
  coroutine,
  createTask,
  currentTask,
  iscoroutine,
  iscoroutinefunction,
  RuntimeError,
  sleep,
  type Task,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

loopBehaviour('coroutine', (it) => {
  it('returns a function whose calls run nothing yet', async (_loop, { settle }) => {
    const steps: string[] = [];
    const body = coroutine(async (word: string) => void steps.push(word));

    const call = body('begun');
    await settle();

    assert.instance(call, Coroutine);
    assert.equal(steps, []);
    await call;
    assert.equal(steps, ['begun']);
  });

  it('keeps the name, the arguments and `this`', async () => {
    const adder = {
      base: 10,
      add: coroutine(async function add(this: { base: number }, a: number, b: number) {
        return this.base + a + b;
      }),
    };

    assert.is(adder.add.name, 'add');
    assert.is(adder.add.length, 2);
    assert.is(await adder.add(1, 2), 13);
  });

  it('returns what a function returns that is not a promise, like createTask()', async () => {
    const five = coroutine(() => 5 as never);
    const nothing = coroutine(() => undefined as never);

    assert.is(await five(), 5);
    assert.is(await createTask(five()), 5);
    assert.is(await five().catch(() => 6), 5);
    assert.is(await nothing(), undefined);
    assert.is(await createTask(nothing()), undefined);
  });

  it('refuses anything but a function, such as a call', () => {
    throws(() => coroutine(7 as never), TypeError, {
      message: 'an async function was expected, got 7',
    });
    return Promise.resolve();
  });
});

loopBehaviour('Coroutine', (it) => {
  it('runs as a part of the task that awaits it', async () => {
    const tasks: unknown[] = [];
    const inner = coroutine(async () => {
      await sleep(1);
      tasks.push(currentTask());
    });

    const task = createTask(() => inner());
    await task;

    assert.is(tasks[0], task);
  });

  it(
    'runs once',
    async () => {
      const inner = coroutine(async () => 'once');
      const call = inner();

      assert.is(await call, 'once');

      await rejects(call, RuntimeError, { message: 'cannot reuse already awaited coroutine' });
    },
    { cpython: ['test_pep492.py::CoroutineTests::test_double_await'] },
  );

  it('runs when it is chained or raced', async () => {
    const inner = coroutine(async (word: string) => word);
    const fails = coroutine(async () => {
      throw new RangeError('fails');
    });

    assert.is(await inner('then').then((word) => `${word}!`), 'then!');
    assert.is(await fails().catch((error: unknown) => (error as Error).message), 'fails');
    assert.is(await inner('finally').finally(() => {}), 'finally');
    assert.is(await Promise.race([inner('race'), sleep(1)]), 'race');
  });

  it('rejects with what the function throws before it awaits anything', async () => {
    const broken = coroutine((): Promise<void> => {
      throw new RangeError('at once');
    });

    await rejects(broken(), RangeError, { message: 'at once' });
  });

  it('ends with the cancel of the task that awaits it', async (_loop, { settle }) => {
    const steps: string[] = [];
    const inner = coroutine(async () => {
      try {
        await sleep(10);
      } finally {
        steps.push('cleaned up');
      }
    });
    const task: Task<void> = createTask(() => inner());
    await settle();

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(steps, ['cleaned up']);
  });

  it('never runs once it is closed', async () => {
    const inner = coroutine(async () => assert.unreachable('it ran'));
    const call = inner();

    call.close();

    await rejects(call, RuntimeError, { message: 'cannot reuse already awaited coroutine' });
  });

  it('prints with its name', async () => {
    const call = coroutine(async function fetchAll() {})();

    assert.is(String(call), '<coroutine object fetchAll>');
    call.close();
  });
});

loopBehaviour('iscoroutine', (it) => {
  it(
    'knows the call of a coroutine function',
    async () => {
      const func = coroutine(async () => 'test');
      const call = func();

      assert.ok(iscoroutinefunction(func));
      assert.ok(iscoroutine(call));
      assert.is(await call, 'test');
      assert.not(iscoroutine(Promise.resolve()));
      assert.not(iscoroutine(func));
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_coroutine_non_gen_function'] },
  );
});

loopBehaviour('iscoroutine of a generator', (it) => {
  it(
    'is false for them',
    async () => {
      function* foo(): Generator<undefined> {
        yield;
      }

      assert.not(iscoroutine(foo()));
    },
    { cpython: ['test_pep492.py::CoroutineTests::test_iscoroutine_generator'] },
  );
});

loopBehaviour('iscoroutinefunction', (it) => {
  it(
    'knows what coroutine() made from other functions',
    async () => {
      const plain = (): void => {};
      function* generator(): Generator {}
      const made = coroutine(async () => {});

      const known = [plain, generator, async () => {}, made, 7].map(iscoroutinefunction);

      assert.equal(known, [false, false, false, true, false]);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_iscoroutinefunction'] },
  );
});
