import * as assert from 'uvu/assert';
import { CancelledError } from '../../../src/base/errors/errors.ts';
import { redirectLog } from '../../../src/base/log/log.ts';
import { coroutine } from '../../../src/core/coroutines/coroutine.ts';
import { createTask } from '../../../src/core/coroutines/ensure-future.ts';
import { currentTask } from '../../../src/core/coroutines/task.ts';
import type { ExceptionContext } from '../../../src/core/turns/loop-core.ts';
import { Loop } from '../../../src/loop/loop.ts';
import { run } from '../../../src/runners/runner.ts';
import { timeout } from '../../../src/tasks/limits/timeout.ts';
import { sleep } from '../../../src/tasks/sleep.ts';
import { virtualHost } from '../../../src/testing/virtual-host.ts';
import { behaviour } from '../../support/behaviour.ts';
import { foreign } from '../../support/foreign.ts';
import { linesOf } from '../../support/lines.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

const lineOf = linesOf(import.meta.url);
const debug = { debug: true } as const;

loopBehaviour('Task.cancel, in debug mode', (it) => {
  it(
    'names a task that still waits for a foreign promise, with the line',
    async (_loop, { logged }) => {
      const { promise, resolve } = foreign();
      const task = createTask(
        async () => {
          await promise; // here: foreign
          await sleep(0);
        },
        { name: 'stubborn' },
      );
      await sleep(1);

      task.cancel();
      await sleep(3);

      assert.equal(logged, [
        `stubborn was cancelled 2.0 s ago and still waits for a promise that asyncio-ts did not create, at ${lineOf('foreign')}\n`,
      ]);
      resolve();
      await rejects(task, CancelledError);
    },
    debug,
  );

  it(
    'does not name a task that ends in time, or is about to continue',
    async (_loop, { logged }) => {
      const { promise, resolve } = foreign();
      const soon = createTask(async () => {
        await promise;
        await sleep(0);
      });
      const cleaning = createTask(async () => {
        try {
          await sleep(10);
        } finally {
          await sleep(10);
        }
      });
      await sleep(1);

      soon.cancel();
      cleaning.cancel();
      resolve();
      await rejects(cleaning, CancelledError);

      assert.equal(logged, []);
      await rejects(soon, CancelledError);
    },
    debug,
  );

  it(
    'names a task whose catch swallowed the cancel, with the line',
    async (_loop, { logged }) => {
      const task = createTask(
        async () => {
          try {
            await sleep(10); // here: swallowed
          } catch {
            // swallowed: that is what this is about
          }
          await sleep(1);
        },
        { name: 'deaf' },
      );
      await sleep(1);

      task.cancel();
      await task;

      assert.is(logged.length, 1);
      assert.match(
        logged[0] ?? '',
        `deaf was cancelled while it waited at ${lineOf('swallowed')}, but ended with a result: a catch swallowed the CancelledError`,
      );
    },
    debug,
  );

  it(
    'does not name a task that withdraws the cancel, or whose timeout does',
    async (_loop, { logged }) => {
      const task = createTask(async () => {
        await sleep(10).catch(() => currentTask()?.uncancel());
        await rejects(
          timeout(1, async () => {
            await sleep(10);
          }),
          Error,
        );
      });
      await sleep(1);

      task.cancel();
      await task;

      assert.equal(logged, []);
    },
    debug,
  );
});

loopBehaviour('Task.cancel, outside of debug mode', (it) => {
  const cleanUps = { 'a call that nobody awaits': 0, 'one that cleans up': 5 };
  for (const [name, seconds] of Object.entries(cleanUps))
    it(`names such a task next to ${name}`, async (_loop, { logged }) => {
      const { promise, resolve } = foreign();
      const beside = async (): Promise<void> => {
        try {
          await sleep(100);
        } finally {
          if (seconds > 0) await sleep(seconds);
        }
      };
      const stubborn = async (): Promise<void> => {
        void beside();
        await promise;
        await sleep(0);
      };
      const task = createTask(stubborn, { name: 'stubborn' });
      await sleep(1);

      task.cancel();
      await sleep(seconds + 1);
      assert.equal(logged, []);
      await sleep(30);

      assert.is(logged.length, 1);
      assert.match(
        logged[0] ?? '',
        'stubborn was cancelled 2.0 s ago and still waits for a promise',
      );
      resolve();
      await rejects(task, CancelledError);
    });

  it('names a task that still waits for a foreign promise', async (_loop, { logged }) => {
    const { promise, resolve } = foreign();
    const stubborn = coroutine(async function stubborn() {
      await promise;
    });
    const task = createTask(stubborn(), { name: 'stubborn' });
    await sleep(1);

    task.cancel();
    await sleep(30);
    resolve();

    await rejects(task, CancelledError);
    assert.is(logged.length, 1);
    assert.match(
      String(logged[0]),
      /^stubborn was cancelled 2\.0 s ago and still waits for a promise that asyncio-ts did not create \(in a function defined at .*ignored-cancels\.test\.ts:\d+; debug mode says where\)/,
    );
  });

  it('does not name a task that ends in time', async (loop, { logged }) => {
    const { promise, resolve } = foreign();
    const task = createTask(async () => {
      await promise;
      await sleep(1);
    });
    await sleep(1);

    task.cancel();
    loop.callLater(1, resolve);
    await rejects(task, CancelledError);
    await sleep(30);

    assert.equal(logged, []);
  });
});

/** Runs `main` in virtual time, and gives what was reported. */
async function reportsOf(
  main: () => Promise<void>,
  inDebugMode = false,
): Promise<ExceptionContext[]> {
  const reports: ExceptionContext[] = [];
  const restoreLog = redirectLog(() => {});
  const loopFactory = (): Loop => {
    const loop = new Loop({ host: virtualHost(0) });
    loop.setExceptionHandler((_loop, context) => void reports.push(context));
    return loop;
  };
  try {
    await run(main, { loopFactory, debug: inDebugMode });
  } finally {
    restoreLog();
  }
  return reports;
}

/** Leaves a task that waits for a foreign promise, which is fulfilled after 5 s. */
async function leaves(): Promise<void> {
  const { promise, resolve } = foreign();
  const waiting = createTask(
    async () => {
      await promise; // here: left
      await sleep(0);
    },
    { name: 'left' },
  );
  createTask(async () => {
    try {
      await sleep(100);
    } finally {
      await sleep(5);
      resolve();
    }
  });
  await sleep(1);
  assert.not(waiting.done());
}

behaviour('run, at its end', (it) => {
  it('reports a task that waits for a foreign promise, with the line in debug mode', async () => {
    const [report, ...more] = await reportsOf(leaves, true);

    assert.is(
      report?.message,
      `left was cancelled 2.0 s ago and still waits for a promise that asyncio-ts did not create, at ${lineOf('left')}`,
    );
    assert.match(String(report?.task), /^<Task cancelled name='left'/);
    assert.equal(more, []);
  });

  it('reports it without the line in other modes', async () => {
    const [report] = await reportsOf(leaves);

    assert.is(
      report?.message,
      'left was cancelled 2.0 s ago and still waits for a promise that asyncio-ts did not create (debug mode says where)',
    );
  });

  it('gives clean-up ten seconds, and then reports what it waits for', async () => {
    const cleansUp = (seconds: number) => async (): Promise<void> => {
      createTask(
        async () => {
          try {
            await sleep(100);
          } finally {
            await sleep(seconds);
          }
        },
        { name: 'slow' },
      );
      await sleep(1);
    };

    assert.equal(await reportsOf(cleansUp(9)), []);
    const [report] = await reportsOf(cleansUp(11));
    assert.match(
      report?.message ?? '',
      /^slow was cancelled 10\.0 s ago and still waits for <Future pending/,
    );
  });
});
