import * as assert from 'uvu/assert';
import { NativeOperation } from '../../../src/core/futures/native-operation.ts';
import { awaitedNatively } from '../../../src/core/futures/native-promise.ts';
import {
  CancelledError,
  createTask,
  Future,
  Loop,
  RuntimeError,
  sleep,
  TimeoutError,
  timeout,
} from '../../../src/index.ts';
import { foreign } from '../../support/foreign.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

/** An operation that the test makes done. */
class Asked extends NativeOperation<string> {
  static {
    awaitedNatively(this);
  }
}

loopBehaviour('An operation that V8 awaits itself', (it) => {
  it('has every field of a future', async (loop) => {
    const operation = new Asked(loop);

    const missing = Object.keys(new Future({ loop })).filter((key) => !(key in operation));
    assert.equal(missing, []);
    assert.ok(operation instanceof Future);
    operation.cancel();
  });

  it('is awaited without a call of then()', async (loop) => {
    const operation = new Asked(loop);
    let asked = false;
    Object.defineProperty(operation, 'then', {
      get() {
        asked = true;
        return Future.prototype.then;
      },
    });
    loop.callSoon(() => operation._finish('done'));

    assert.is(await operation, 'done');
    assert.is(asked, false);
  });

  it('is awaited without a call of then(), however often, once it has a result', async (loop) => {
    const operation = new Asked(loop);
    operation._finish('done');
    let asked = 0;
    Object.defineProperty(operation, 'then', {
      get() {
        asked += 1;
        return Future.prototype.then;
      },
    });

    for (let n = 0; n < 3; n += 1) assert.is(await operation, 'done');
    assert.is(asked, 0);
  });

  it('wakes every task that awaits it', async (loop) => {
    const operation = new Asked(loop);
    const tasks = [1, 2, 3].map((n) => createTask(async () => `${n} ${await operation}`));
    await sleep(0);
    assert.match(
      String(operation),
      /^<Future pending cb=\[Task\.task_wakeup\(\), <1 more>, Task\.task_wakeup\(\)\]>$/,
    );
    operation._finish('done');

    assert.equal(await Promise.all(tasks), ['1 done', '2 done', '3 done']);
  });

  it('is cancelled by a cancel of a task that awaits it', async (loop) => {
    const operation = new Asked(loop);
    const task = createTask(async () => await operation);
    await sleep(0);
    task.cancel('enough');

    await rejects(task, CancelledError, { message: 'enough' });
    assert.ok(operation.cancelled());
  });

  it('is cancelled as soon as a cancelled task awaits it', async (loop) => {
    const operation = new Asked(loop);
    const task = createTask(async () => {
      task.cancel('before');
      return await operation;
    });

    await rejects(task, CancelledError, { message: 'before' });
    assert.ok(operation.cancelled());
  });

  it("throws a cancel that comes between its end and the task's turn", async (loop) => {
    const operation = new Asked(loop);
    const task = createTask(async () => await operation);
    await sleep(0);
    operation._finish('too late');
    task.cancel();

    await rejects(task, CancelledError);
    assert.is(task.cancelling(), 1);
  });

  for (const cancelled of ['first', 'second'] as const)
    it(`throws it only to the cancelled one of several tasks: the ${cancelled}`, async (loop) => {
      const operation = new Asked(loop);
      const steps: string[] = [];
      const waits = (name: string) =>
        createTask(async () => {
          try {
            steps.push(`${name} ${await operation}`);
          } catch (error) {
            steps.push(`${name} ${(error as Error).name}`);
            await sleep(1);
            steps.push(`${name} cleaned up`);
            throw error;
          }
          await sleep(2);
        });
      const tasks = { first: waits('first'), second: waits('second') };
      await sleep(0);
      operation._finish('done');
      tasks[cancelled].cancel();

      await rejects(tasks[cancelled], CancelledError);
      const other = cancelled === 'first' ? 'second' : 'first';
      await tasks[other];

      assert.equal(
        steps.sort(),
        [`${cancelled} CancelledError`, `${cancelled} cleaned up`, `${other} done`].sort(),
      );
    });

  it('throws it only in the cancelled branch if two await one operation', async (loop) => {
    const operation = new Asked(loop);
    const steps: string[] = [];
    const limited = async (): Promise<void> => {
      await timeout(1, async () => await operation).catch((error: unknown) => {
        steps.push((error as Error).name);
      });
    };
    const beside = async (): Promise<void> => {
      steps.push(await operation);
      await sleep(1);
      steps.push('slept');
    };
    loop.callLater(1, () => operation._finish('done'));

    await Promise.all([beside(), limited()]);

    assert.equal(steps, ['done', 'TimeoutError', 'slept']);
  });

  it('returns its outcome at once when it is awaited later', async (loop, { settle }) => {
    const finished = new Asked(loop);
    const failed = new Asked(loop);
    finished._finish('done');
    failed._fail(new RangeError('no'));
    await settle();

    let turns = 0;
    loop.callSoon(() => {
      turns += 1;
    });
    assert.is(await finished, 'done');
    await rejects((async () => await failed)(), RangeError, { message: 'no' });
    assert.is(turns, 0);
  });

  it('settles chained and raced promises', async (loop) => {
    const operation = new Asked(loop);
    const both = Promise.all([
      operation.then((value) => `then ${value}`),
      Promise.race([operation, new Asked(loop)]),
      (async () => operation)(),
    ]);
    loop.callSoon(() => operation._finish('done'));

    assert.equal(await both, ['then done', 'done', 'done']);
  });

  it('can be awaited where V8 does not report it', async (loop) => {
    const operations = [new Asked(loop), new Asked(loop)] as const;
    loop.callSoon(() => operations[0]._finish('first'));
    loop.callSoon(() => operations[1]._finish('second'));
    const seen: string[] = [];
    for await (const value of operations) seen.push(value);
    async function* gives(): AsyncGenerator<string, string> {
      const operation = new Asked(loop);
      loop.callSoon(() => operation._finish('returned'));
      yield 'yielded';
      return operation;
    }
    const generator = gives();
    seen.push((await generator.next()).value, (await generator.next()).value);

    assert.equal(seen, ['first', 'second', 'yielded', 'returned']);
  });

  it('refuses a task of another loop', async (loop) => {
    const other = new Loop();
    const operation = new Asked(other);

    await rejects((async () => await operation)(), RuntimeError, {
      message: /^Task .* got Future .* attached to a different loop$/,
    });
    assert.is(loop.isRunning(), true);
    other.close();
  });

  it('is no unhandled rejection if it fails and nothing awaits it', async (loop, { settle }) => {
    const told: unknown[] = [];
    const tell = (error: unknown): void => void told.push(error);
    process.on('unhandledRejection', tell);
    const operation = new Asked(loop);
    operation._fail(new RangeError('ours to report'));
    await settle();
    process.off('unhandledRejection', tell);

    assert.equal(told, []);
    assert.is(operation._unseen, true);
    operation.exception();
  });
});

/** How operations of an array, or of a generator, are awaited without a word to the hooks. */
const UNSEEN: Readonly<Record<string, (operations: Iterable<Asked>) => Promise<unknown>>> = {
  'for await': async (operations) => {
    for await (const _ of operations);
  },
  'for await, later': async (operations) => {
    await sleep(0);
    for await (const _ of operations);
  },
  'yield*': async (operations) => {
    async function* all(): AsyncGenerator<unknown> {
      yield* operations;
    }
    for await (const _ of all());
  },
};
loopBehaviour('An operation of an array that is iterated', (it) => {
  for (const [name, iterate] of Object.entries(UNSEEN))
    for (const at of [0, 1])
      for (const how of ['an array', 'a generator'])
        it(`is cancelled with its task: number ${at} of ${how}, in ${name}`, async (loop, {
          settle,
        }) => {
          const operations = [new Asked(loop), new Asked(loop)];
          function* one(): Generator<Asked> {
            yield* operations;
          }
          const given = how === 'an array' ? operations : one();
          const task = createTask(() => iterate(given));
          await settle();
          if (at === 1) operations[0]?._finish('done');
          await settle();

          task.cancel();
          await settle();

          assert.ok(task.cancelled());
          assert.equal(
            operations.map((each) => each.cancelled()),
            [at === 0, at === 1],
          );
          for (const each of operations) each.cancel();
        });

  it('is cancelled by a limit around it', async (loop) => {
    const operation = new Asked(loop);
    let caught: unknown;

    const limited = timeout(1, async () => {
      try {
        for await (const _ of [operation]);
      } catch (error) {
        caught = error;
        throw error;
      }
    });

    await rejects(limited, TimeoutError);
    assert.instance(caught, CancelledError);
  });

  it('is not awaited by code that looks at it and awaits an older promise', async () => {
    const older = Promise.resolve('older');
    const operation = sleep(1, 'newer');
    void operation.constructor;
    assert.is(await older, 'older');
    assert.is(await operation, 'newer');
  });

  it('continues if a task that only looked at it is cancelled', async (loop, { settle }) => {
    const operation = new Asked(loop);
    const { promise, resolve } = foreign();
    const looking = createTask(async () => {
      void operation.constructor;
      await promise;
    });
    await settle();

    looking.cancel();
    await settle();

    assert.not(operation.done());
    resolve();
    await settle();
    operation.cancel();
  });
});
