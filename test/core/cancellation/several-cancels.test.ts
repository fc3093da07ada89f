import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  currentTask,
  type Loop,
  moveOnAfter,
  shielded,
  sleep,
  TimeoutError,
  taskGroup,
  timeout,
} from '../../../src/index.ts';
import { foreign } from '../../support/foreign.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

/** Runs `body` as a task and cancels it after `seconds`. Returns what the task logged. */
async function cancelled(
  loop: Loop,
  seconds: number,
  body: (log: string[]) => Promise<void>,
): Promise<string[]> {
  const log: string[] = [];
  const task = createTask(async () => await body(log));
  loop.callLater(seconds, () => void task.cancel());
  try {
    await task;
    log.push('not cancelled');
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
  }
  return log;
}

/** Settled after `seconds`; made without the library. */
function settlesAfter(loop: Loop, seconds: number): Promise<void> {
  const { promise, resolve } = foreign();
  loop.callLater(seconds, () => resolve());
  return promise;
}

loopBehaviour('A cancel of a task, together with that of a limit in it', (it) => {
  const bodies: Record<string, (loop: Loop) => Promise<unknown>> = {
    'a foreign promise': async (loop) => {
      await settlesAfter(loop, 3);
      await sleep(1);
    },
    'one of our awaits': () => sleep(10),
    'a task that takes its time': (loop) =>
      createTask(async () => {
        try {
          await sleep(10);
        } finally {
          await settlesAfter(loop, 3);
        }
      }),
    'a combinator that keeps both': async () => {
      await Promise.allSettled([sleep(10)]);
      await sleep(1);
    },
    'a combinator that keeps both, and foreign promises': async (loop) => {
      await Promise.allSettled([sleep(10)]);
      await Promise.allSettled([settlesAfter(loop, 1)]);
    },
    'a shield': async () => {
      await shielded(undefined, () => sleep(3));
      await sleep(1);
    },
    'code that has cancelled itself': async () => {
      void sleep(10).then(undefined, () => {});
      await sleep(1);
    },
  };
  for (const [name, body] of Object.entries(bodies))
    for (const after of [0.5, 1, 1.5])
      it(`is also thrown to the task, around ${name}, cancelled after ${after} s`, async (loop) => {
        const log = await cancelled(loop, after, async () => {
          await Promise.allSettled([timeout(1, () => body(loop), { abandon: false })]);
          await sleep(10);
        });

        assert.equal(log, []);
      });

  for (const after of [0.7, 1.5])
    it(`is thrown after the errors of a group, cancelled after ${after} s`, async (loop) => {
      const log = await cancelled(loop, after, async () => {
        await rejects(
          timeout(1, () =>
            taskGroup(async (group) => {
              group.createTask(async () => {
                try {
                  await sleep(10);
                } finally {
                  await sleep(3);
                }
              });
              await sleep(0.5);
              throw new RangeError();
            }),
          ),
          Error,
        );
        await sleep(10);
      });

      assert.equal(log, []);
    });

  it('is thrown once if the limit abandons its body', async (loop) => {
    const log = await cancelled(loop, 0.5, async (log) => {
      try {
        await moveOnAfter(1, () => foreign().promise);
      } catch (error) {
        log.push((error as CancelledError).message);
        await sleep(1);
        log.push('cleaned up');
        throw error;
      }
    });

    assert.equal(log, ['', 'cleaned up']);
  });

  it('is thrown after a combinator around a limit that abandons its body, once', async (loop) => {
    const log = await cancelled(loop, 0.5, async (log) => {
      await Promise.allSettled([timeout(1, () => foreign().promise)]);
      try {
        await sleep(10);
      } finally {
        await sleep(1);
        log.push('cleaned up');
      }
    });

    assert.equal(log, ['cleaned up']);
  });

  it('is not withdrawn from the task if only the limit has expired', async () => {
    await rejects(
      timeout(1, () => Promise.allSettled([sleep(10)])),
      TimeoutError,
    );
    await sleep(1);

    assert.is(currentTask()?.cancelling(), 0);
  });
});
