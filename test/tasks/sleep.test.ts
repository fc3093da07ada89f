import * as assert from 'uvu/assert';
import { CancelledError, createTask, RuntimeError, sleep } from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

loopBehaviour('sleep', (it) => {
  it('waits in virtual time', async (loop) => {
    const begin = loop.time();

    await sleep(3600);

    assert.is(loop.time() - begin, 3600);
  });

  it(
    'returns its second argument',
    async (loop) => {
      const begin = loop.time();
      const sleeper = async (seconds: number, result: string): Promise<string> => {
        await sleep(seconds / 2);
        return await sleep(seconds / 2, result);
      };

      const task = createTask(() => sleeper(0.25, 'yeah'));

      assert.is(await task, 'yeah');
      assert.is(loop.time() - begin, 0.25);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_sleep'] },
  );

  it('refuses options in place of the result, and accepts anything else', async () => {
    const { signal } = new AbortController();
    const message =
      'sleep() takes options after the result: write sleep(delay, undefined, { signal })';

    for (const options of [{ signal }, { signal, abandon: false }])
      throws(() => sleep(0, options), TypeError, { message });
    const request = new Request('http://localhost', { signal });
    for (const result of [request, signal, null, {}, { signal: 1 }, { signal, url: '/' }])
      assert.is(await sleep(0, result), result);
    assert.equal(await sleep(0, { signal }, {}), { signal });
  });

  it('calls no getter of its result', async () => {
    class Closed {
      get signal(): never {
        throw new Error('it was read');
      }
    }
    const result = new Closed();

    assert.ok((await sleep(0, result)) === result);
  });

  it(
    'takes exactly one turn if the delay is 0',
    async (loop) => {
      for (const delay of [0, -1, Number.NEGATIVE_INFINITY]) {
        let result = 0;
        loop.callSoon(() => {
          result += 1;
          loop.callSoon(() => {
            result += 100;
          });
        });

        const given = await sleep(delay, 10);

        assert.is(given + result, 11);
        await sleep(0);
      }
    },
    { cpython: ['test_tasks.py::SleepTests::test_sleep_zero'] },
  );

  it(
    'cancels its timer when it is cancelled',
    async (loop, { settle }) => {
      const before = loop._turns.listTimers().length;
      const task = createTask(() => sleep(10, 'yeah'));
      await settle();
      assert.is(loop._turns.listTimers().length, before + 1);

      task.cancel();
      await rejects(task, CancelledError);

      assert.is(loop._turns.listTimers().length, before);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_sleep_cancel'] },
  );

  it('cancels its timer when its signal is aborted', async (loop, { settle }) => {
    const before = loop._turns.listTimers().length;
    const stop = new AbortController();
    const task = createTask(() => sleep(10, undefined, { signal: stop.signal }));
    await settle();

    stop.abort(new Error('stop'));
    await rejects(task, Error, { message: 'stop' });

    assert.is(loop._turns.listTimers().length, before);
  });

  it('does not call callLater()', async (loop) => {
    loop.callLater = () => assert.unreachable() as never;

    await sleep(10);
  });

  it('cannot wait forever', async (loop) => {
    const before = loop._turns.listTimers().length;

    throws(() => sleep(Number.POSITIVE_INFINITY), RangeError, {
      message: 'delay must be a finite number of seconds, got inf',
    });

    assert.is(loop._turns.listTimers().length, before);
  });

  it('wakes tasks with the same time in order', async () => {
    const order: string[] = [];
    const sleeper = async (name: string, delay: number): Promise<void> => {
      await sleep(delay);
      order.push(name);
    };

    await Promise.all([sleeper('c', 2), sleeper('a', 1), sleeper('d', 2), sleeper('b', 1)]);

    assert.equal(order, ['a', 'b', 'c', 'd']);
  });

  it(
    'refuses anything but a number of seconds',
    async () => {
      throws(() => sleep('1' as unknown as number), TypeError, {
        message: "delay must be a number of seconds, got '1'",
      });
      throws(() => sleep(Number.NaN), RangeError, { message: 'Invalid delay: NaN (not a number)' });
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_sleep_when_delay_is_nan'] },
  );

  it.resting('needs a running loop', () => {
    throws(() => sleep(1), RuntimeError, { message: /^no running event loop/ });
  });
});
