import { setTimeout as later } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { runningLoop } from '../../../src/core/turns/running-loop.ts';
import {
  createTask,
  Event,
  enter,
  getRunningLoop,
  Loop,
  type Main,
  run,
  sleep,
  taskGroup,
  timeout,
  waitFor,
} from '../../../src/index.ts';
import { virtualHost } from '../../../src/testing/virtual-host.ts';
import { behaviour } from '../../support/behaviour.ts';
import { foreign } from '../../support/foreign.ts';

/** As `run()`, with a clock of its own; what is reported is noted in `seen`. */
function runWith<T>(main: Main<T>, seen: string[] = []): Promise<T> {
  const loopFactory = (): Loop => {
    const loop = new Loop({ host: virtualHost() });
    loop.setExceptionHandler((_loop, { message }) => void seen.push(`reported: ${message}`));
    return loop;
  };
  return run(main, { loopFactory });
}

/** Waits, without anything of ours, until no loop runs. */
async function untilNoneRuns(): Promise<void> {
  while (runningLoop() !== undefined) await new Promise((ended) => setImmediate(ended));
}

/** A call that says how it ends. */
async function flush(seen: string[], wait: () => unknown, cleanUp = 0): Promise<void> {
  try {
    await wait();
    seen.push('went on');
    await sleep(0);
    seen.push('flushed');
  } catch (error) {
    seen.push((error as Error).name);
    throw error;
  } finally {
    if (cleanUp > 0) await sleep(cleanUp);
    seen.push('cleaned up');
  }
}

behaviour('A call that nobody awaits, and that outlives its task', (it) => {
  it('continues while the loop runs', async () => {
    const seen: string[] = [];

    await runWith(async () => {
      await createTask(async () => void flush(seen, () => sleep(1)));
      seen.push('the task is done');
      await sleep(2);
    });

    assert.equal(seen, ['the task is done', 'went on', 'flushed', 'cleaned up']);
  });

  it('may use limits and groups, like its task', async () => {
    const seen: unknown[] = [];
    const { promise, resolve } = foreign();

    await runWith(async () => {
      const call = async (): Promise<void> => {
        await promise;
        seen.push(await timeout(1, () => sleep(0.5, 'in time')));
        seen.push(await timeout(1, () => sleep(2)).catch((error: Error) => error.name));
        seen.push(await waitFor(() => foreign().promise, 1).catch((error: Error) => error.name));
        const fails = taskGroup(async (group) => {
          group.createTask(() => Promise.reject(new RangeError('spam')));
          await sleep(10);
        });
        seen.push(await fails.catch((error: Error) => error.name));
      };
      await createTask(async () => void call());
      resolve();
      await sleep(20);
    });

    assert.equal(seen, ['in time', 'TimeoutError', 'TimeoutError', 'ExceptionGroup']);
  });

  it('is cancelled at the end of run(), which waits for its clean-up', async () => {
    const seen: string[] = [];

    await runWith(async () => void flush(seen, () => sleep(1000), 5));
    seen.push('ended');

    assert.equal(seen, ['CancelledError', 'cleaned up', 'ended']);
  });

  it('is cancelled there only once, even if its task was cancelled', async () => {
    const seen: string[] = [];

    await runWith(async () => {
      const task = createTask(async () => {
        void flush(seen, () => sleep(1000), 5);
        await sleep(1000);
      });
      await sleep(1);
      task.cancel();
      await task.catch(() => {});
    });

    assert.equal(seen, ['CancelledError', 'cleaned up']);
  });

  it('does not delay run() if it lost a race in clean-up and no function awaits it', async () => {
    const seen: string[] = [];
    let loop: Loop | undefined;

    await runWith(async () => {
      loop = getRunningLoop();
      const task = createTask(async () => {
        try {
          await sleep(1000);
        } finally {
          await Promise.race([sleep(1), sleep(30)]);
        }
      });
      await sleep(1);
      task.cancel();
      await task.catch(() => {});
    }, seen);

    assert.equal(seen, []);
    assert.is(loop?.time(), 2);
  });

  it('is cancelled there, inside a limit of its own', async () => {
    const seen: string[] = [];

    await runWith(async () => {
      void timeout(50, () => flush(seen, () => sleep(1000), 5)).catch(() => {});
      await sleep(1);
    });

    assert.equal(seen, ['CancelledError', 'cleaned up']);
  });

  it('is abandoned and reported if it does not end', async () => {
    const seen: string[] = [];

    await runWith(async () => {
      const refuse = async (): Promise<void> => {
        for (;;)
          try {
            await new Event().wait();
          } catch {}
      };
      void refuse();
      await sleep(1);
    }, seen);

    assert.is(seen.length, 1);
    assert.match(String(seen[0]), /^reported: A call that is not awaited was cancelled 10 s ago/);
  });

  it('is still a part of the program in a gap between two runs of its loop', async () => {
    const seen: string[] = [];

    await run(async () => {
      const call = flush(seen, async () => {
        // It comes when `run()` looks for a last signal, and its loop does not run.
        await untilNoneRuns();
        seen.push('in the gap');
        await sleep(1000);
      });
      void call;
    });

    assert.equal(seen, ['in the gap', 'CancelledError', 'cleaned up']);
  });

  it('is so even if its task is not done', async () => {
    const seen: string[] = [];

    await run(async () => {
      createTask(() =>
        flush(seen, async () => {
          await untilNoneRuns();
          seen.push('in the gap');
          await sleep(1000);
        }),
      );
      await sleep(0);
    });

    assert.equal(seen, ['in the gap', 'CancelledError', 'cleaned up']);
  });

  it('throws a cancel instead of an error when its loop has been closed', async () => {
    for (const next of [(): unknown => sleep(1), (): unknown => getRunningLoop(), undefined]) {
      const seen: string[] = [];
      const { promise, resolve } = foreign();

      await runWith(async () => {
        const loop = getRunningLoop();
        void flush(seen, async () => {
          await promise;
          await (next ?? ((): unknown => loop.callSoon(() => {})))();
        });
        await sleep(1);
      });
      resolve();
      await new Promise((ended) => setImmediate(ended));

      assert.equal(seen, ['CancelledError', 'cleaned up']);
    }
  });

  it('throws a cancel even while another loop runs', async () => {
    const seen: string[] = [];
    const { promise, resolve } = foreign();

    await runWith(async () => {
      void flush(seen, async () => {
        await promise;
        await sleep(1);
      });
    });
    await runWith(async () => {
      resolve();
      await sleep(5);
    });

    assert.equal(seen, ['CancelledError', 'cleaned up']);
  });

  it('keeps the loop of enter() running, and is resumed after a foreign promise', async () => {
    const seen: string[] = [];
    const { promise, resolve } = foreign();
    const ended = foreign();

    await enter(async () => {
      const call = flush(seen, async () => {
        await sleep(0.001);
        await promise;
      });
      void call.finally(ended.resolve);
    });
    seen.push('the body is done');
    setTimeout(resolve, 5);
    await ended.promise;
    while (runningLoop() !== undefined) await later(1);

    assert.equal(seen, ['the body is done', 'went on', 'flushed', 'cleaned up']);
  });
});
