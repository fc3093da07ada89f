import * as assert from 'uvu/assert';
import { coroutine } from '../../../src/core/coroutines/coroutine.ts';
import { createTask, ensureFuture } from '../../../src/core/coroutines/ensure-future.ts';
import type { Task } from '../../../src/core/coroutines/task.ts';
import { isAwaitTracking, setAwaitTracking } from '../../../src/core/futures/await-stacks.ts';
import { sleep } from '../../../src/tasks/sleep.ts';
import { foreign } from '../../support/foreign.ts';
import { linesOf } from '../../support/lines.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const lineOf = linesOf(import.meta.url);
const debug = { debug: true } as const;

async function inner(): Promise<void> {
  await sleep(1);
  await sleep(1); // here: inner
}

async function middle(): Promise<void> {
  await inner(); // here: middle
}

/** Function and line, as many as there are. */
function namesOf(task: Task<unknown>, limit?: number): string[] {
  return task.getStack({ limit }).map((frame) => `${frame.name} ${frame._site}`);
}

async function end(task: Task<unknown>): Promise<void> {
  task.cancel();
  await task.catch(() => {});
}

loopBehaviour('Task.getStack', (it) => {
  it(
    'returns the functions that wait for one another, innermost first',
    async () => {
      const task = createTask(async function main() {
        await middle(); // here: main
      });
      const expected = ['inner', 'middle', 'main'].map((name) => `${name} ${lineOf(name)}`);

      await sleep(1.5);

      assert.equal(namesOf(task), expected);
      await end(task);
    },
    debug,
  );

  it(
    'knows the lines even before anything has continued',
    async () => {
      const task = createTask(async function main() {
        await nested(); // here: main of nested
      });
      async function nested(): Promise<void> {
        await sleep(1); // here: nested
      }

      await sleep(0.5);

      assert.equal(namesOf(task), [
        `nested ${lineOf('nested')}`,
        `main ${lineOf('main of nested')}`,
      ]);
      await end(task);
    },
    debug,
  );

  it(
    'goes through calls of coroutine functions',
    async () => {
      const nested = coroutine(async function nested(): Promise<void> {
        await sleep(1); // here: nested coroutine
        await sleep(1); // here: nested coroutine, later
      });
      const task = createTask(
        coroutine(async function main() {
          await nested(); // here: main of a coroutine
        })(),
      );

      await sleep(0.5);
      const before = namesOf(task);
      await sleep(1);
      const after = namesOf(task);

      const main = `main ${lineOf('main of a coroutine')}`;
      assert.equal(before, [`nested ${lineOf('nested coroutine')}`, main]);
      assert.equal(after, [`nested ${lineOf('nested coroutine, later')}`, main]);
      await end(task);
    },
    debug,
  );

  it(
    'returns all functions that wait at the same time, under Promise.all',
    async () => {
      async function left(): Promise<void> {
        await sleep(1);
      }
      async function right(): Promise<void> {
        await sleep(1);
      }
      const task = createTask(async function main() {
        await Promise.all([left(), right()]);
      });

      await sleep(0.5);

      const names = task.getStack().map(({ name }) => name);
      assert.equal([...names].sort(), ['left', 'main', 'right']);
      await end(task);
    },
    debug,
  );

  it(
    'knows where a task waits for a foreign promise',
    async () => {
      const outside = foreign();
      const task = createTask(async function main() {
        await outside.promise; // here: foreign
      });

      await sleep(0);

      assert.equal(namesOf(task), [`main ${lineOf('foreign')}`]);
      outside.resolve();
      await task;
    },
    debug,
  );

  it(
    'returns at most the requested number of frames',
    async () => {
      const task = createTask(middle);
      await sleep(0.5);

      assert.is(task.getStack({ limit: 1 })[0]?.name, 'inner');
      assert.is(task.getStack({ limit: 1 }).length, 1);
      assert.equal(task.getStack({ limit: 0 }), []);
      throws(() => task.getStack({ limit: 1.5 }), RangeError, { message: /got 1\.5/ });
      await end(task);
    },
    debug,
  );

  it(
    'returns the current frames, in any mode, if the task itself calls it',
    async () => {
      let task: Task<void>;
      async function foo(): Promise<void> {
        const [frame] = task.getStack({ limit: 1 }); // here: foo
        assert.is(frame?.name, 'foo');
        assert.is(frame?._site, lineOf('foo'));
      }

      task = ensureFuture(foo) as Task<void>;

      await task;
    },
    { cpython: ['test_pep492.py::CoroutineTests::test_task_print_stack'] },
  );

  it('returns the frames of the error of a failed task', async () => {
    const task = createTask(async function boom() {
      throw new RangeError('boom'); // here: boom
    });
    await rejects(task, RangeError);

    assert.equal(namesOf(task), [`boom ${lineOf('boom')}`]);
  });

  it('returns nothing for a task that has ended or is not tracked', async () => {
    const over = createTask(async () => {});
    const waiting = createTask(middle);
    await over;

    assert.equal([over.getStack(), waiting.getStack()], [[], []]);
    await end(waiting);
  });

  it(
    'ends at the first frame of a task that started inside a call',
    async () => {
      async function eager(): Promise<void> {
        await sleep(1);
      }
      const task = createTask(eager, { eagerStart: true });

      assert.equal(
        task.getStack().map(({ name }) => name),
        ['eager'],
      );
      await end(task);
    },
    debug,
  );
});

loopBehaviour('Task.getStack, later', (it) => {
  it(
    'returns nothing that has continued',
    async () => {
      async function before(): Promise<void> {
        await sleep(1);
      }
      async function after(): Promise<void> {
        await sleep(1);
      }
      const task = createTask(async function main() {
        await before();
        await after();
      });
      await sleep(1.5);

      assert.equal(
        task.getStack().map(({ name }) => name),
        ['after', 'main'],
      );
      await end(task);
    },
    debug,
  );
});

loopBehaviour('Task.printStack', (it) => {
  const printed = (task: Task<unknown>, limit?: number): string => {
    const texts: string[] = [];
    task.printStack({ limit, file: { write: (text) => texts.push(text) } });
    return texts.join('');
  };

  it(
    'prints the frames under the task',
    async () => {
      const task = createTask(middle, { name: 'T' });
      await sleep(0.5);

      assert.match(
        printed(task),
        /^Stack for <Task pending name='T' coro=<middle\(\) running at .*> \(most recent call first\):\n {4}at inner \(.*\)\n {4}at middle \(.*\)\n$/,
      );
      await end(task);
    },
    debug,
  );

  it('prints the error of a failed task', async () => {
    const task = createTask(async function boom() {
      throw new RangeError('x');
    });
    await rejects(task, RangeError);

    assert.match(
      printed(task),
      /^Traceback for <Task .*:\nRangeError\('x'\)\n {4}at boom \(.*\)\n$/,
    );
  });

  it('says why there is nothing to print', async () => {
    const task = createTask(middle);
    await sleep(0.5);

    assert.match(printed(task), /^No stack for <Task .*> \(it is known in debug mode, and after/);
    await end(task);
  });

  it('prints to standard error by default', async (_loop, { logged }) => {
    const task = createTask(async () => {});
    await task;

    task.printStack();

    assert.match(logged[0] ?? '', /^No stack for <Task finished .*>\n$/);
  });
});

loopBehaviour('Task.toString', (it) => {
  it(
    'shows the current line of the task in debug mode',
    async () => {
      const task = createTask(async function main() {
        await sleep(1);
        await middle(); // here: main in print
      });
      await sleep(1.5);

      assert.match(String(task), `coro=<main() running at ${lineOf('main in print')}>`);
      await end(task);
    },
    debug,
  );
});

loopBehaviour('setAwaitTracking', (it) => {
  it('makes tasks remember where they wait, outside of debug mode', async () => {
    setAwaitTracking(true);
    setAwaitTracking(true);
    const task = createTask(middle);
    await sleep(0.5);

    assert.is(isAwaitTracking(), true);
    assert.is(task.getStack().length, 2);

    setAwaitTracking(false);
    assert.is(isAwaitTracking(), false);
    assert.is(task.getStack().length, 0);
    await end(task);
  });

  it('keeps nothing of awaits that have continued', async () => {
    setAwaitTracking(true);
    const task = createTask(async function main() {
      for (let n = 0; n < 100; n += 1) await middle();
    });
    await sleep(50.5);

    assert.equal(
      task.getStack().map(({ name }) => name),
      ['inner', 'middle', 'main'],
    );
    setAwaitTracking(false);
    await end(task);
  });

  it.resting(
    'is on from the first run of a loop in debug mode until its close',
    async (loop) => {
      const seen: boolean[] = [];
      seen.push(isAwaitTracking());
      await loop.runUntilComplete(async () => {
        seen.push(isAwaitTracking());
        loop.setDebug(false);
        seen.push(isAwaitTracking());
        loop.setDebug(true);
      });
      seen.push(isAwaitTracking());
      loop.close();
      seen.push(isAwaitTracking());

      assert.equal(seen, [false, true, false, true, false]);
    },
    debug,
  );
});
