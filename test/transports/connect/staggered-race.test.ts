import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  Event,
  eagerTaskFactory,
  sleep,
  TimeoutError,
  timeout,
} from '../../../src/index.ts';
import { staggeredRace } from '../../../src/transports/connect/staggered-race.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

const never = (): never => assert.unreachable('nothing was to be discarded') as never;

/** An attempt that takes so many seconds and gives `value`; notes in `log` what becomes of it. */
function attempt(log: string[], value: string | undefined, seconds: number) {
  return async (): Promise<string | undefined> => {
    log.push(`begin ${value}`);
    try {
      await sleep(seconds);
    } catch (error) {
      log.push(`cancel ${value}`);
      throw error;
    }
    return value;
  };
}

loopBehaviour('staggeredRace', (it) => {
  const SUITE = 'test_staggered.py::StaggeredTests::test_';
  const EAGER = 'test_eager_task_factory.py::EagerTaskFactoryLoopTests::test_staggered_race_';
  const NEXT_WHEN_FAILED = Number.POSITIVE_INFINITY;

  it(
    'returns nothing if there is nothing to try',
    async (loop) => {
      assert.is(await staggeredRace(loop, [], NEXT_WHEN_FAILED, never), undefined);
    },
    { cpython: [`${SUITE}empty`] },
  );

  it(
    'starts no second attempt if the first succeeds',
    async (loop) => {
      const log: string[] = [];
      const race = [attempt(log, 'one', 0), attempt(log, 'two', 0)];

      assert.is(await staggeredRace(loop, race, NEXT_WHEN_FAILED, never), 'one');

      assert.equal(log, ['begin one']);
    },
    { cpython: [`${SUITE}one_successful`] },
  );

  it(
    'returns the result of the second if the first fails',
    async (loop) => {
      const log: string[] = [];
      const race = [attempt(log, undefined, 0), attempt(log, 'two', 0)];

      assert.is(await staggeredRace(loop, race, NEXT_WHEN_FAILED, never), 'two');

      assert.equal(log, ['begin undefined', 'begin two']);
    },
    { cpython: [`${SUITE}first_error_second_successful`] },
  );

  it(
    'returns the result of the second if the first takes too long',
    async (loop) => {
      const log: string[] = [];
      const race = [attempt(log, 'one', 10), attempt(log, 'two', 0)];

      assert.is(await staggeredRace(loop, race, 0.1, never), 'two');

      assert.equal(log, ['begin one', 'begin two', 'cancel one']);
    },
    { cpython: [`${SUITE}first_timeout_second_successful`] },
  );

  it(
    'returns nothing if all fail',
    async (loop) => {
      const log: string[] = [];
      const race = [attempt(log, undefined, 0), attempt(log, undefined, 0)];

      assert.is(await staggeredRace(loop, race, NEXT_WHEN_FAILED, never), undefined);

      assert.is(log.length, 2);
    },
    { cpython: [`${SUITE}none_successful`] },
  );

  it(
    'has one winner if several succeed in the same turn',
    async (loop) => {
      const event = new Event();
      const discarded: number[] = [];
      const waits = [0, 1].map((index) => async () => {
        await event.wait();
        return index;
      });
      let cancelled = false;
      const sets = async (): Promise<undefined> => {
        event.set();
        try {
          await new Event().wait();
        } finally {
          cancelled = true;
        }
      };

      const won = await staggeredRace(loop, [...waits, sets], 0.1, (late) => discarded.push(late));

      assert.equal([won, discarded, cancelled], [0, [1], true]);
    },
    { cpython: [`${SUITE}multiple_winners`] },
  );

  it(
    'waits for an attempt that needs several cancels',
    async (loop) => {
      const log: string[] = [];
      const running = timeout(undefined, (outer) =>
        timeout(undefined, async (inner) => {
          const stubborn = async (): Promise<undefined> => {
            for (const [n, limit] of [inner, outer].entries()) {
              limit.reschedule(-1);
              await sleep(0);
              await sleep(0).catch(() => log.push(`cancelled ${n + 1}`));
            }
          };
          try {
            await staggeredRace(loop, [stubborn], NEXT_WHEN_FAILED, never);
          } catch (error) {
            log.push('cancelled 3');
            throw error;
          }
        }),
      );

      await rejects(running, TimeoutError);

      assert.equal(log, ['cancelled 1', 'cancelled 2', 'cancelled 3']);
    },
    { cpython: [`${SUITE}cancelled`] },
  );

  for (const [name, delay, attempts] of [
    ['with_eager_tasks', 0.25, ['blocked', 'sleep1', 'fail']],
    ['with_eager_tasks_no_delay', NEXT_WHEN_FAILED, ['fail', 'sleep1', 'sleep0']],
  ] as const)
    it(
      `races eager tasks, ${delay} seconds apart`,
      async (loop) => {
        const log: string[] = [];
        const kinds = {
          blocked: attempt(log, 'blocked', 10),
          sleep0: attempt(log, 'sleep0', 0),
          sleep1: attempt(log, 'sleep1', 1),
          fail: attempt(log, undefined, 0),
        };
        loop.setTaskFactory(eagerTaskFactory);
        const race = attempts.map((kind) => kinds[kind]);

        const won = await staggeredRace(loop, race, delay, never);
        loop.setTaskFactory(undefined);

        assert.is(won, 'sleep1');
        assert.not(log.includes('begin sleep0'));
        assert.is(log.includes('cancel blocked'), attempts[0] === 'blocked');
      },
      { cpython: [`${EAGER}${name}`] },
    );

  it('starts one attempt, and no other if the first is quick', async (loop) => {
    const log: string[] = [];
    const race = [attempt(log, 'one', 0.1), attempt(log, 'two', 0.1)];

    assert.is(await staggeredRace(loop, race, 0.25, never), 'one');

    assert.equal(log, ['begin one']);
  });

  it('starts the next attempt when one takes too long, and cancels the losers', async (loop) => {
    const log: string[] = [];
    const race = [attempt(log, 'one', 9), attempt(log, 'two', 0.1), attempt(log, 'three', 0)];
    const begin = loop.time();

    assert.is(await staggeredRace(loop, race, 0.25, never), 'two');

    assert.equal(log, ['begin one', 'begin two', 'cancel one']);
    assert.ok(Math.abs(loop.time() - begin - 0.35) < 0.001);
  });

  it('starts the next attempt immediately when one fails, and returns nothing if all fail', async (loop) => {
    const log: string[] = [];
    const race = [attempt(log, undefined, 0.1), attempt(log, undefined, 0.1)];
    const begin = loop.time();

    assert.is(await staggeredRace(loop, race, 5, never), undefined);

    assert.ok(Math.abs(loop.time() - begin - 0.2) < 0.001);
    assert.is(await staggeredRace(loop, [], 5, never), undefined);
  });

  it('discards the result of another attempt in the same turn', async (loop) => {
    const late: string[] = [];
    const race = ['one', 'two'].map((value, at) => async () => {
      await sleep(0.5 - at * 0.25);
      return value;
    });

    const won = await staggeredRace(loop, race, 0.25, (value) => void late.push(value));

    assert.equal([won, ...late].sort(), ['one', 'two']);
  });

  it('throws what an attempt throws, after cancelling the others', async (loop) => {
    const log: string[] = [];
    const odd = async (): Promise<never> => {
      throw new RangeError('odd');
    };

    await rejects(staggeredRace(loop, [attempt(log, 'one', 9), odd], 0.25, never), RangeError);

    assert.equal(log, ['begin one', 'cancel one']);
  });

  it('cancels all attempts when it is cancelled', async (loop) => {
    const log: string[] = [];
    const race = [attempt(log, 'one', 9), attempt(log, 'two', 9)];
    const racing = createTask(() => staggeredRace(loop, race, 0.25, never));
    await sleep(1);

    racing.cancel();
    await rejects(racing, CancelledError);
    await sleep(0);

    assert.equal(log, ['begin one', 'begin two', 'cancel one', 'cancel two']);
  });
});
