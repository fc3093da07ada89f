import * as assert from 'uvu/assert';
import {
  asyncgen,
  CancelledError,
  createTask,
  currentTask,
  ExceptionGroup,
  type Loop,
  shielded,
  sleep,
  type Task,
  taskGroup,
  timeout,
} from '../../../../src/index.ts';
import { loopBehaviour } from '../../../support/loop-behaviour.ts';
import { rejects } from '../../../support/rejects.ts';

type Values = AsyncGenerator<number>;

/** A foreign promise, as `fetch()` returns it. */
function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

loopBehaviour('A cancel that a combinator keeps, and a generator', (it) => {
  let log: string[] = [];
  async function* keeps(): Values {
    try {
      await Promise.allSettled([sleep(10)]);
      yield 1;
      yield 2;
    } finally {
      await sleep(1);
      await sleep(1);
      log.push('closed');
    }
  }
  async function* delegates(): Values {
    try {
      yield* keeps();
    } finally {
      await sleep(1);
      log.push('outer closed');
    }
  }
  async function* plain(): Values {
    try {
      yield 1;
    } finally {
      await sleep(1);
      await sleep(1);
      log.push('closed');
    }
  }
  const leave = async (values: Values): Promise<void> => {
    for await (const value of values) {
      log.push(`got ${value}`);
      break;
    }
  };
  const readers: Record<string, readonly [() => Promise<void>, readonly string[]]> = {
    'by a loop that breaks': [() => leave(keeps()), ['got 1', 'closed']],
    'if it is one of asyncgen()': [() => leave(asyncgen(keeps)()), ['got 1', 'closed']],
    'with one that it delegates to': [
      () => leave(delegates()),
      ['got 1', 'closed', 'outer closed'],
    ],
    'by return()': [
      async () => {
        const values = keeps();
        await values.next();
        await values.return(undefined);
      },
      ['closed'],
    ],
    'by a loop that has kept the cancel itself': [
      async () => {
        for await (const _ of plain()) {
          await Promise.allSettled([sleep(10)]);
          break;
        }
      },
      ['closed'],
    ],
  };
  for (const [how, [read, expected]] of Object.entries(readers))
    it(`is thrown after the clean-up of a generator that is closed ${how}`, async () => {
      log = [];
      const task = createTask(async () => {
        try {
          await read();
          log.push('not reached');
        } finally {
          await sleep(1);
          log.push('cleaned up');
        }
      });
      await sleep(1);

      task.cancel();
      await rejects(task, CancelledError);

      assert.equal(log, [...expected, 'cleaned up']);
    });
});

loopBehaviour('A cancel through a signal that a combinator in a generator keeps', (it) => {
  it('is thrown in its clean-up if it is closed', async () => {
    const log: string[] = [];
    async function* keeps(signal: AbortSignal): Values {
      try {
        await Promise.allSettled([abortOf(signal)]);
        yield 1;
      } finally {
        await sleep(1).catch(({ name }: Error) => log.push(name));
      }
    }
    const task = createTask(async () => {
      for await (const value of keeps((currentTask() as Task<unknown>).signal)) {
        log.push(`got ${value}`);
        break;
      }
    });
    await sleep(1);
    task.cancel();
    await task;

    assert.equal(log, ['got 1', 'CancelledError']);
  });
});

loopBehaviour('A cancel through a promise that two wait for', (it) => {
  const work = async (): Promise<void> => await sleep(10);

  it('is not thrown after a combinator that swallows it, because V8 does not show who waits', async () => {
    const task = createTask(async () => {
      const shared = work();
      shared.catch(() => {});
      await Promise.allSettled([shared]);
      await sleep(1);
      return 'not cancelled';
    });
    await sleep(1);
    task.cancel();

    assert.is(await task, 'not cancelled');
  });

  it('is thrown if it is a task', async () => {
    const task = createTask(async () => {
      const shared = createTask(work);
      shared.catch(() => {});
      await Promise.allSettled([shared, shared]);
      await sleep(1);
      return 'not cancelled';
    });
    await sleep(1);
    task.cancel();

    await rejects(task, CancelledError);
  });

  it('is thrown if no combinator swallows it', async () => {
    const task = createTask(async () => {
      const shared = work();
      shared.catch(() => {});
      await Promise.all([shared, shared]);
    });
    await sleep(1);
    task.cancel();

    await rejects(task, CancelledError);
  });
});

loopBehaviour('A cancel that a combinator keeps, and the next limit', (it) => {
  for (const [name, keeps] of Object.entries({
    'Promise.allSettled()': () => Promise.allSettled([sleep(10)]),
    'a shield': () => shielded(undefined, () => sleep(1)),
    'a foreign promise': (loop: Loop) =>
      new Promise<void>((resolve) => void loop.callLater(1, resolve)),
  }))
    it(`is not lost if the limit expires at once, after ${name}`, async (loop) => {
      const task = createTask(async () => {
        await keeps(loop);
        await rejects(
          timeout(0, () => sleep(0)),
          CancelledError,
        );
        await sleep(1);
        return 'cancelled once';
      });
      await sleep(0.5);
      task.cancel();

      assert.is(await task, 'cancelled once');
    });

  it('is also swallowed by the next combinator if that waits for foreign promises', async () => {
    const task = createTask(async () => {
      const work = async (): Promise<void> => {
        await Promise.all([Promise.resolve()]);
      };
      await Promise.allSettled([sleep(10)]);
      await Promise.allSettled([work()]);
      await sleep(1);
      return 'not cancelled';
    });
    await sleep(1);
    task.cancel();

    await rejects(task, CancelledError);
  });

  it("does not replace a group's errors if its body swallows the group's own cancel", async () => {
    await rejects(
      taskGroup(async (group) => {
        group.createTask(async () => {
          await sleep(1);
          throw new RangeError();
        });
        await Promise.allSettled([sleep(10)]);
      }),
      ExceptionGroup,
    );
    const result = await taskGroup(async (group) => {
      group.cancel();
      await Promise.allSettled([sleep(10)]);
      return 'result';
    });

    assert.is(result, 'result');
    await sleep(1);
  });
});
