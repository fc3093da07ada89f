import * as assert from 'uvu/assert';
import { createTask, getRunningLoop, sleep, TimeoutError, timeout } from '../../src/index.ts';
import { LeftBehindError, runVirtual, settle } from '../../src/testing.ts';
import { behaviour } from '../support/behaviour.ts';
import { rejects } from '../support/rejects.ts';

behaviour('runVirtual', (it) => {
  it('returns what the program returns, and takes no time for waits', async () => {
    const result = await runVirtual(async () => {
      await sleep(3600);
      return getRunningLoop().time();
    });

    assert.is(result, 3600);
  });

  it('starts at the given time', async () => {
    assert.is(await runVirtual(async () => getRunningLoop().time(), { start: 100 }), 100);
  });

  it('lets timeouts expire', async () => {
    await runVirtual(async () => {
      const running = timeout(60, () => sleep(61));
      await rejects(running, TimeoutError);
    });
  });

  it('throws what the program throws', async () => {
    const running = runVirtual(async () => {
      createTask(sleep(10));
      throw new RangeError('boom');
    });

    await rejects(running, RangeError, { message: 'boom' });
  });

  it('names a task that is left running, and cancels it', async () => {
    let ended = false;
    const running = runVirtual(async () => {
      const work = async (): Promise<void> => {
        try {
          await sleep(10);
        } finally {
          ended = true;
        }
      };
      createTask(work, { name: 'forgotten' });
      await settle();
    });

    await rejects(running, LeftBehindError, {
      message:
        /^left running: <Task pending name='forgotten' .*, made at .*run-virtual.test.ts:\d+$/,
    });
    assert.ok(ended);
  });

  it('names a failed task that was not retrieved', async () => {
    const running = runVirtual(async () => {
      const fail = async (): Promise<void> => {
        throw new RangeError('unseen');
      };
      createTask(fail, { name: 'failed' });
      await settle();
    });

    await rejects(running, LeftBehindError, {
      message: /^failed, and was never retrieved: <Task finished name='failed' .*unseen/,
    });
  });

  it('shows the reports', async () => {
    const running = runVirtual(async () => {
      getRunningLoop().callSoon(() => {
        throw new RangeError('in a callback');
      });
      await settle();
    });

    await rejects(running, LeftBehindError, {
      message: /^reported: Exception in callback .*\nRangeError: in a callback/,
    });
  });

  it('leaves reports to a handler of the test', async () => {
    const messages: unknown[] = [];

    await runVirtual(async () => {
      const loop = getRunningLoop();
      loop.setExceptionHandler((_loop, { message }) => void messages.push(message));
      loop.callExceptionHandler({ message: 'told' });
    });

    assert.equal(messages, ['told']);
  });
});

behaviour('settle', (it) => {
  it('lets turns pass without time', async () => {
    await runVirtual(async () => {
      const log: number[] = [];
      const task = createTask(async () => {
        for (let n = 0; n < 3; n += 1) {
          log.push(n);
          await sleep(0);
        }
      });

      await settle(2);

      assert.equal(log, [0, 1]);
      assert.is(getRunningLoop().time(), 0);
      await task;
    });
  });
});
