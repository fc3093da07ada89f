import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  currentTask,
  moveOnAfter,
  shielded,
  sleep,
  TimeoutError,
  timeout,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

for (const [name, limited] of Object.entries({ moveOnAfter, shielded }))
  loopBehaviour(name, (it) => {
    it('returns what the body returns in time', async () => {
      assert.equal(await limited(2, () => sleep(1, 'done')), { expired: false, value: 'done' });
    });

    it('reports that the time was up, without an error', async (loop) => {
      const begin = loop.time();

      assert.equal(await limited(1, () => sleep(2, 'done')), { expired: true, value: undefined });
      assert.is(loop.time() - begin, 1);
    });

    it('is on time even if the body waits for a foreign promise', async (loop) => {
      const begin = loop.time();

      assert.is((await limited(1, () => new Promise(() => {}))).expired, true);
      assert.is(loop.time() - begin, 1);
    });

    it('has no limit if none is given, and another one if that is set', async (loop) => {
      assert.is((await limited(undefined, () => sleep(100))).expired, false);
      const { expired } = await limited(100, async (limit) => {
        limit.reschedule(loop.time() + 1);
        await sleep(10);
      });
      assert.is(expired, true);
    });

    it('throws what the body throws', async () => {
      await rejects(
        limited(1, async () => {
          throw new RangeError('mine');
        }),
        RangeError,
        { message: 'mine' },
      );
    });

    it('refuses wrong arguments at once', async () => {
      throws(() => limited('1' as unknown as number, () => {}), TypeError);
      throws(() => limited(Number.NaN, () => {}), RangeError);
      throws(() => limited(1, 5 as unknown as () => void), TypeError);
    });
  });

loopBehaviour('moveOnAfter', (it) => {
  it('passes on a cancel of the task', async () => {
    const task = createTask(() => moveOnAfter(5, () => sleep(10)));
    await sleep(1);

    task.cancel();

    await rejects(task, CancelledError);
  });
});

loopBehaviour('shielded', (it) => {
  it('delays a cancel until the body has ended', async (loop) => {
    const log: string[] = [];
    const task = createTask(async () => {
      await shielded(5, () => sleep(2));
      log.push(`ended at ${loop.time() - begin}`);
      await sleep(1);
      log.push('not reached');
    });
    const begin = loop.time();
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['ended at 2']);
  });

  it('lets clean-up wait, but no longer than its limit', async (loop) => {
    const log: string[] = [];
    const task = createTask(async () => {
      try {
        await sleep(10);
      } finally {
        const { expired } = await shielded(2, () => sleep(5));
        log.push(`expired: ${expired}, at ${loop.time() - begin}`);
      }
    });
    const begin = loop.time();
    await sleep(1);

    task.cancel();
    await sleep(1);
    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['expired: true, at 3']);
  });

  const together: [string, (branches: Promise<void>[]) => Promise<unknown>][] = [
    ['Promise.all', (branches) => Promise.all(branches)],
    ['Promise.allSettled', (branches) => Promise.allSettled(branches)],
    ['Promise.race', (branches) => Promise.race(branches)],
  ];
  for (const [name, combinator] of together)
    it(`throws the cancel to the code that awaits it, not to another branch: ${name}`, async () => {
      const log: string[] = [];
      const waits = async (): Promise<void> => {
        await shielded(5, () => sleep(3));
        await sleep(1);
        log.push('not reached');
      };
      const cleansUp = async (): Promise<void> => {
        try {
          await sleep(10);
        } finally {
          await sleep(1);
          log.push('is clean');
        }
      };
      const task = createTask(() => combinator([waits(), cleansUp()]));
      await sleep(1);

      task.cancel();
      await rejects(task, CancelledError);
      await sleep(5);

      assert.equal(log, ['is clean']);
    });

  for (const [name, combinator] of together)
    it(`throws the cancel to the code that awaits it, even if its body was abandoned: ${name}`, async (loop) => {
      const log: string[] = [];
      const waitsElsewhere = (seconds: number): Promise<void> =>
        new Promise((resolve) => void loop.callLater(seconds, resolve));
      const waits = async (): Promise<void> => {
        const { expired } = await shielded(1, () => waitsElsewhere(10));
        log.push(`expired: ${expired}`);
        await waitsElsewhere(2);
        await sleep(1);
        log.push('not reached');
      };
      const cleansUp = async (): Promise<void> => {
        try {
          await sleep(10);
        } finally {
          await waitsElsewhere(1);
          await sleep(1);
          log.push('is clean');
        }
      };
      const task = createTask(() => combinator([waits(), cleansUp()]));
      await sleep(0.5);

      task.cancel();
      await rejects(task, CancelledError);
      await sleep(12);

      assert.equal(log.sort(), ['expired: true', 'is clean']);
    });

  it('does not throw the cancel to calls that have outlived it', async () => {
    const log: string[] = [];
    const left = async (): Promise<void> => {
      await sleep(4);
      log.push('left alone');
    };
    const task = createTask(async () => {
      await shielded(5, () => Promise.race([sleep(2), left()]));
      await sleep(1);
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);
    await sleep(5);

    assert.equal(log, ['left alone']);
  });

  it('lets limits that have outlived it throw their own error, after the cancel that it held back', async () => {
    const log: string[] = [];
    const left = async (): Promise<void> => {
      await timeout(1, () => sleep(5)).catch((error: unknown) => void log.push(String(error)));
    };
    const task = createTask(async () => {
      try {
        await shielded(5, async () => {
          await sleep(2);
          void left();
        });
        await sleep(1);
      } finally {
        await sleep(5);
      }
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['TimeoutError']);
  });

  it('lets calls that have outlived it see a later cancel, even if a combinator swallows it', async () => {
    const log: string[] = [];
    const task = createTask(async () => {
      await shielded(5, async () => {
        void (async () => {
          await Promise.allSettled([sleep(10)]);
          await sleep(0);
          log.push('not reached');
        })();
      });
      await sleep(10);
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);
    await sleep(5);

    assert.equal(log, []);
  });

  it('ends a timeout that has expired meanwhile and has nothing more to await', async () => {
    await rejects(
      timeout(1, () => shielded(5, () => sleep(2))),
      TimeoutError,
    );
  });

  it('continues without the cancel if that was withdrawn', async () => {
    const task = createTask(async () => {
      await shielded(5, async () => {
        await sleep(2);
        currentTask()?.uncancel();
      });
      await sleep(1);
      return 'goes on';
    });
    await sleep(1);

    task.cancel();

    assert.is(await task, 'goes on');
  });

  it('has its own signal, which a cancel of the task does not abort', async () => {
    let aborted: boolean | undefined;
    const task = createTask(() =>
      shielded(5, async (limit) => {
        const { signal } = limit;
        await sleep(2);
        aborted = signal.aborted;
      }),
    );
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.is(aborted, false);
  });
});
