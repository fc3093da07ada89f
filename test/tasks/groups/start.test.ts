import * as assert from 'uvu/assert';
import {
  CancelledError,
  ContextVar,
  coroutine,
  createTask,
  currentTask,
  Event,
  ExceptionGroup,
  type Loop,
  RuntimeError,
  sleep,
  type Task,
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
class OtherBoom extends Error {}

loopBehaviour('TaskGroup.start', (it) => {
  it('waits until the task is ready, and returns its value; the task continues', async (loop) => {
    const passed = clock(loop);
    let isOver = false;

    await taskGroup(async (group) => {
      const port = await group.start<number>(async (ready) => {
        await sleep(1);
        ready(8000);
        await sleep(1);
        isOver = true;
      });

      assert.is(port, 8000);
      assert.is(passed(), 1);
      assert.not(isOver);
    });

    assert.ok(isOver);
  });

  it('returns undefined if ready() got nothing, and accepts coroutine functions', async () => {
    const serve = coroutine(async function serve(ready: () => void): Promise<void> {
      ready();
    });

    await taskGroup(async (group) => {
      assert.is(await group.start(serve), undefined);
    });
  });

  it('throws a RuntimeError if the task ends before it is ready', async () => {
    await taskGroup(async (group) => {
      await rejects(
        group.start(async () => {}, { name: 'server' }),
        RuntimeError,
        { message: 'server ended before it called ready()' },
      );
      await group.start(async (ready) => ready());
    });
  });

  it('throws what the task throws before it is ready, and the group continues', async () => {
    await taskGroup(async (group) => {
      const other = group.createTask(async () => await sleep(5, 'other'));
      const failing = group.start(async () => {
        await sleep(1);
        throw new Boom('boom');
      });

      await rejects(failing, Boom);

      assert.is(await other, 'other');
    });
  });

  for (const eagerStart of [false, true])
    it(`throws what the task throws in its first step, ${eagerStart ? 'eager' : 'not eager'}`, async () => {
      await taskGroup(async (group) => {
        const fail = async (): Promise<never> => {
          throw new Boom('boom');
        };
        await rejects(group.start(fail, { eagerStart }), Boom);
        const value = await group.start<number>(async (ready) => ready(3), { eagerStart });
        assert.is(value, 3);
      });
    });

  it('leaves a failure after ready() to the group', async () => {
    const group = await rejects(
      taskGroup(async (group) => {
        await group.start(async (ready) => {
          ready();
          await sleep(1);
          throw new Boom('boom');
        });
        await sleep(5);
      }),
      ExceptionGroup,
    );

    assert.ok(group.exceptions[0] instanceof Boom);
  });

  it('leaves a failure in the step of ready() to the group', async () => {
    const group = await rejects(
      taskGroup(async (group) => {
        await group.start(async (ready) => {
          ready();
          throw new Boom('boom');
        });
      }),
      ExceptionGroup,
    );

    assert.is(group.exceptions.length, 1);
  });

  it('throws in the task if ready() is called twice', async () => {
    await taskGroup(async (group) => {
      await group.start(async (ready) => {
        ready();
        throws(() => ready(), RuntimeError, { message: 'ready() was called twice' });
      });
    });
  });

  it('cancels the task when it is cancelled, and waits until that has ended', async (loop) => {
    const passed = clock(loop);
    const seen: string[] = [];

    await taskGroup(async (group) => {
      const start = group.start(async () => {
        try {
          await sleep(10);
        } catch (error) {
          seen.push((error as Error).name);
          await sleep(1);
          seen.push('clean');
          throw error;
        }
      });
      await rejects(
        timeout(2, () => start),
        TimeoutError,
      );

      assert.equal(seen, ['CancelledError', 'clean']);
      assert.is(passed(), 3);
    });
  });

  it('waits for the clean-up of the task, however often it is cancelled', async (loop) => {
    const passed = clock(loop);
    await taskGroup(async (group) => {
      const starting = createTask(() =>
        group.start(async () => {
          try {
            await sleep(10);
          } finally {
            await sleep(5);
          }
        }),
      );
      for (const _ of [1, 2, 3]) {
        await sleep(1);
        starting.cancel();
      }
      await rejects(starting, CancelledError);

      assert.is(passed(), 6);
    });
  });

  it('throws what the task throws in its clean-up, when it is cancelled', async () => {
    await taskGroup(async (group) => {
      const starting = createTask(() =>
        group.start(async () => {
          try {
            await sleep(10);
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: what is tested
            throw new Boom('boom');
          }
        }),
      );
      await sleep(1);
      starting.cancel();

      await rejects(starting, Boom);
    });
  });

  it('loses no error of a task that fails in the turn in which the start is cancelled', async () => {
    await taskGroup(async (group) => {
      const event = new Event();
      const starting = createTask(() =>
        group.start(async () => {
          await event.wait();
          throw new Boom('boom');
        }),
      );
      await sleep(1);
      event.set();
      await sleep(0);
      starting.cancel();

      await rejects(starting, Boom);
    });
  });

  it('cancels a task that was ready in the turn in which the start is cancelled', async () => {
    await taskGroup(async (group) => {
      const event = new Event();
      let isCancelled = false;
      const starting = createTask(() =>
        group.start(async (ready) => {
          await event.wait();
          ready();
          await sleep(10).finally(() => {
            isCancelled = true;
          });
        }),
      );
      await sleep(1);
      event.set();
      await sleep(0);
      starting.cancel();

      await rejects(starting, CancelledError);
      assert.ok(isCancelled);
    });
  });

  it('throws a CancelledError if the task is cancelled before it is ready', async () => {
    await taskGroup(async (group) => {
      let child: Task<unknown> | undefined;
      const starting = createTask(
        group.start(async () => {
          child = currentTask();
          await sleep(10);
        }),
      );
      await sleep(1);
      child?.cancel('why');

      await rejects(starting, CancelledError, { message: 'why' });
    });
  });

  it('is cancelled with the group when another task fails', async () => {
    const group = await rejects(
      taskGroup(async (group) => {
        group.createTask(async () => {
          await sleep(1);
          throw new OtherBoom('boom');
        });
        await group.start(async () => {
          await sleep(10);
        });
      }),
      ExceptionGroup,
    );

    assert.equal(
      group.exceptions.map((error) => (error as Error).constructor),
      [OtherBoom],
    );
  });

  it('waits for its slot in a group with a limit', async (loop) => {
    const passed = clock(loop);
    await taskGroup(
      async (group) => {
        group.createTask(() => sleep(3));
        await group.start(async (ready) => ready());
        assert.is(passed(), 3);
      },
      { limit: 1 },
    );
  });

  it('runs in the context of the call, with the given name', async () => {
    const variable = new ContextVar('variable', { default: 'none' });
    await taskGroup(async (group) => {
      variable.set('some');
      const value = await group.start<string>(async (ready) => ready(variable.get()));
      assert.is(value, 'some');
    });
  });

  it('refuses anything but a function, and a group that accepts no tasks', async () => {
    const group = new TaskGroup();
    throws(() => group.start(5 as never), TypeError, { message: 'body must be a function, got 5' });
    await rejects(
      group.start(async () => {}),
      RuntimeError,
      { message: /has not been entered/ },
    );
    await group.run(async () => {});
    await rejects(
      group.start(async () => {}),
      RuntimeError,
      { message: /is finished/ },
    );
  });
});
