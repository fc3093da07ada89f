import * as assert from 'uvu/assert';
import {
  BoundedSemaphore,
  CancelledError,
  Condition,
  createTask,
  Lock,
  Semaphore,
  sleep,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';

const KINDS = [Lock, Semaphore, BoundedSemaphore, Condition] as const;

for (const Kind of KINDS)
  loopBehaviour(`${Kind.name}.hold`, (it) => {
    it('holds it until the end of the block, with using and with await using', async () => {
      const holdable = new Kind();

      {
        using _held = await holdable.hold();
        assert.ok(holdable.locked());
      }
      assert.not(holdable.locked());
      {
        await using _held = await holdable.hold();
        assert.ok(holdable.locked());
      }
      assert.not(holdable.locked());
    });

    it('releases it once, even if it was released before the end of the block', async () => {
      const holdable = new Kind();

      {
        using held = await holdable.hold();
        held.release();
        held.release();
        assert.not(holdable.locked());
        await holdable.acquire();
      }

      assert.ok(holdable.locked(), 'the holding of another one was ended');
      holdable.release();
    });

    it('holds nothing when the wait for it is cancelled', async () => {
      const holdable = new Kind();
      await holdable.acquire();
      const task = createTask(holdable.hold());
      await sleep(0);

      task.cancel();
      await rejects(task, CancelledError);
      holdable.release();

      assert.not(holdable.locked());
    });

    it('holds nothing when its signal is aborted', async () => {
      const holdable = new Kind();
      const signal = AbortSignal.abort(new RangeError('too late'));

      await rejects(holdable.hold({ signal }), RangeError, { message: 'too late' });

      assert.not(holdable.locked());
    });

    it('is the only thing that `using` accepts: it cannot release what was not acquired', async () => {
      const holdable = new Kind();
      const misuse = async (): Promise<void> => {
        // @ts-expect-error a lock cannot be disposed of
        using _held = holdable;
      };
      const asyncMisuse = async (): Promise<void> => {
        // @ts-expect-error nor so
        await using _held = holdable;
      };
      const forgotten = async (): Promise<void> => {
        const holding = holdable.hold();
        try {
          // @ts-expect-error nor can the wait for it, where its `await` is forgotten
          using _held = holding;
        } finally {
          holding.close();
        }
      };

      for (const wrong of [misuse, asyncMisuse, forgotten]) await rejects(wrong(), TypeError);

      assert.not(holdable.locked());
      await holdable.acquire();
      assert.ok(holdable.locked(), 'there is one place, and no more');
      holdable.release();
    });
  });
