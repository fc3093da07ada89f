import * as assert from 'uvu/assert';
import {
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  getRunningLoop,
  moveOnAfter,
  shielded,
  sleep,
  type Task,
  taskGroup,
  timeout,
  wait,
  waitFor,
} from '../../../src/index.ts';
import { foreign } from '../../support/foreign.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

const nameOf = (error: unknown): string => (error as Error).name;

/** A few microtasks, without the library. */
const foreignTurns = async (): Promise<void> => {
  for (let turns = 0; turns < 3; turns += 1) await null;
};

const me = (): Task<unknown> => currentTask() as Task<unknown>;

loopBehaviour('A task that cancels itself', (it) => {
  it('throws at its next await, next to the loser of a race', async () => {
    const log: string[] = [];
    const task = createTask(async () => {
      await Promise.race([sleep(1), sleep(100)]);
      currentTask()?.cancel();
      log.push('cancelled');
      await sleep(1);
      log.push('not reached');
    });

    await rejects(task, CancelledError);

    assert.equal(log, ['cancelled']);
  });

  it('throws after a shield that it opens, not in it, next to a branch that waits', async () => {
    const log: string[] = [];
    const task = createTask(async () => {
      void (async () => await sleep(100))();
      currentTask()?.cancel();
      await shielded(undefined, async () => {
        await sleep(1);
        log.push('shielded');
      });
      await sleep(1);
      log.push('not reached');
    });

    await rejects(task, CancelledError);

    assert.equal(log, ['shielded']);
  });

  it('throws in that branch and in the other one, once each', async () => {
    const log: string[] = [];
    const waits = async (name: string, begin: () => void): Promise<void> => {
      try {
        begin();
        await sleep(10);
      } catch (error) {
        log.push(`${name} ${nameOf(error)}`);
        await sleep(1);
        log.push(`${name} cleaned up`);
        throw error;
      }
    };
    const task = createTask(() =>
      Promise.all([waits('a', () => {}), waits('b', () => void currentTask()?.cancel())]),
    );

    await rejects(task, CancelledError);
    await sleep(2);

    assert.equal(log.sort(), [
      'a CancelledError',
      'a cleaned up',
      'b CancelledError',
      'b cleaned up',
    ]);
  });

  it('throws at the first await of a limit that it opens next', async () => {
    const log: string[] = [];
    const task = createTask(async () => {
      await Promise.race([sleep(1), sleep(100)]);
      currentTask()?.cancel();
      await timeout(5, async () => {
        await sleep(1);
        log.push('not reached');
      });
    });

    await rejects(task, CancelledError);

    assert.equal(log, []);
  });

  /** Waits beside the code that cancels the task. */
  const beside = {
    'nothing else': () => {},
    'a call that nobody awaits': () => void sleep(50).catch(() => {}),
    'the loser of a race': () => void Promise.race([sleep(0), sleep(50)]),
    'the loser of Promise.any': () => void Promise.any([sleep(0), sleep(50)]),
  };
  const cancels = async (): Promise<void> => {
    await sleep(1);
    me().cancel();
  };
  const helpers: Record<string, () => Promise<unknown>> = {
    'a function': cancels,
    'a method that calls another': () => {
      const object = {
        run: async () => {
          await sleep(1);
          object.cancel();
        },
        cancel: () => void me().cancel(),
      };
      return object.run();
    },
    'a function that then fails': async () => {
      try {
        await (async () => {
          await cancels();
          throw new RangeError('failed');
        })();
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    },
    'a branch of Promise.all': () => Promise.all([cancels(), undefined]),
    'a branch of Promise.allSettled': () => Promise.allSettled([cancels(), undefined]),
    'a callback of then()': () => sleep(1).then(() => void me().cancel()),
    'a callback of finally()': () => sleep(1).finally(() => void me().cancel()),
    'a microtask': async () => {
      const task = me();
      queueMicrotask(() => void task.cancel());
      await foreignTurns();
    },
    'a call that nobody awaits': async () => {
      const task = me();
      void (async () => {
        await null;
        task.cancel();
      })();
      await foreignTurns();
    },
    'a thenable': async () =>
      await {
        // biome-ignore lint/suspicious/noThenProperty: it is a thenable
        then(resolve: (value: unknown) => void) {
          me().cancel();
          resolve(1);
        },
      },
    'the body of a limit': () => timeout(9, cancels),
    'the body of a group': () => taskGroup(cancels),
    'a generator': async () => {
      for await (const _ of (async function* () {
        await cancels();
        yield 1;
      })());
    },
  };
  for (const [what, begin] of Object.entries(beside)) {
    const run = async (body: () => Promise<unknown>): Promise<{ task: Task<unknown> }> => {
      const task = createTask(async () => {
        begin();
        await sleep(1);
        return await body();
      });
      await wait([task]);
      return { task };
    };

    for (const [who, helper] of Object.entries(helpers))
      it(`throws at the next await of the caller if ${who} cancels it next to ${what}`, async () => {
        const log: string[] = [];

        const { task } = await run(async () => {
          await helper();
          try {
            await sleep(1);
            log.push('not reached');
          } catch (error) {
            log.push(nameOf(error));
            await sleep(1);
            log.push('cleaned up');
            throw error;
          }
        });

        assert.ok(task.cancelled());
        assert.equal(log, ['CancelledError', 'cleaned up']);
      });

    const ends: Record<string, () => Promise<unknown>> = {
      'its body': async () => void me().cancel(),
      'a function': cancels,
    };
    for (const [who, body] of Object.entries(ends)) {
      it(`ends as cancelled if ${who} then ends, next to ${what}`, async () => {
        const { task } = await run(body);

        assert.ok(task.cancelled());
      });

      it(`ends as cancelled if ${who} then ends, as a coroutine, next to ${what}`, async () => {
        const task = createTask(
          coroutine(async () => {
            begin();
            await sleep(1);
            await body();
          })(),
        );

        await rejects(task, CancelledError);
      });
    }

    const after: Record<string, () => Promise<unknown>> = {
      'an await': () => sleep(1, 'done'),
      'a limit': () => timeout(5, () => sleep(1, 'done')),
      'moveOnAfter()': async () => (await moveOnAfter(5, () => sleep(1, 'done'))).value,
      'a signal': () =>
        waitFor(() => sleep(1, 'done'), undefined, { signal: new AbortController().signal }),
      'a foreign promise': async () => {
        const { promise, resolve } = foreign();
        getRunningLoop().callLater(1, resolve);
        await promise;
        return await sleep(1, 'done');
      },
      nothing: async () => 'done',
    };
    for (const [then, next] of Object.entries(after))
      it(`continues with ${then} when the last cancel is withdrawn, next to ${what}`, async () => {
        const { task } = await run(async () => {
          me().cancel();
          me().cancel();
          assert.is(me().uncancel(), 1);
          assert.is(me().uncancel(), 0);
          return await next();
        });

        assert.is(task.result(), 'done');
      });

    it(`throws if only one of two cancels is withdrawn, next to ${what}`, async () => {
      const { task } = await run(async () => {
        me().cancel();
        me().cancel();
        me().uncancel();
        await sleep(1);
      });

      assert.ok(task.cancelled());
      assert.is(task.cancelling(), 1);
    });

    it(`lets the caller continue if the helper catches the cancel, next to ${what}`, async () => {
      const { task } = await run(async () => {
        await (async () => {
          await cancels();
          await sleep(1);
        })().catch(() => {});
        return await sleep(1, 'done');
      });

      assert.is(task.result(), 'done');
    });
  }
});
