/** What CPython's test_pep492 asks of `async def`, and of what is made for it. */
import * as assert from 'uvu/assert';
import {
  Coroutine,
  coroutine,
  iscoroutine,
  iscoroutinefunction,
} from '../../../src/core/coroutines/coroutine.ts';
import { Condition } from '../../../src/sync/condition.ts';
import { Lock } from '../../../src/sync/lock.ts';
import { BoundedSemaphore, Semaphore } from '../../../src/sync/semaphore.ts';
import { sleep } from '../../../src/tasks/sleep.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';

const TESTS = 'test_pep492.py::';

loopBehaviour('A coroutine function', (it) => {
  const bar = coroutine(async function bar() {
    return 'spam';
  });
  const foo = coroutine(async function foo() {
    return await bar();
  });

  it(
    'returns coroutines',
    async () => {
      const call = foo();

      assert.ok(iscoroutine(call));
      assert.ok(iscoroutinefunction(foo));
      call.close();
    },
    {
      cpython: [
        `${TESTS}CoroutineTests::test_iscoroutine`,
        `${TESTS}CoroutineTests::test_iscoroutinefunction`,
      ],
    },
  );

  it.resting(
    'behaves the same in both modes',
    async (loop) => {
      assert.is(await loop.runUntilComplete(foo()), 'spam');
      loop.setDebug(true);
      assert.is(await loop.runUntilComplete(foo()), 'spam');
    },
    { cpython: [`${TESTS}CoroutineTests::test_async_def_coroutines`] },
  );

  it.resting(
    'remembers where it was called in debug mode, while the loop runs',
    async (loop) => {
      const origins: unknown[] = [];
      const note = async (): Promise<void> => {
        const call = bar();
        origins.push(call._origin?.length);
        await call;
      };

      loop.setDebug(true);
      const outside = bar();
      origins.push(outside._origin);
      await loop.runUntilComplete(note);
      outside.close();

      assert.is(origins[0], undefined);
      assert.ok((origins[1] as number) > 0);
      assert.instance(outside, Coroutine);
    },
    { cpython: [`${TESTS}CoroutineTests::test_debug_mode_manages_coroutine_origin_tracking`] },
  );
});

loopBehaviour('with()', (it) => {
  it(
    'holds every primitive while its body runs',
    async () => {
      for (const primitive of [
        new Lock(),
        new Condition(),
        new Semaphore(),
        new BoundedSemaphore(),
      ]) {
        await sleep(0.01);
        assert.not(primitive.locked());
        await primitive.with(async () => {
          assert.ok(primitive.locked());
          await sleep(0.01);
          assert.ok(primitive.locked());
        });
        assert.not(primitive.locked());
      }
    },
    { cpython: [`${TESTS}LockTests::test_context_manager_async_with`] },
  );
});
