import * as assert from 'uvu/assert';
import {
  CancelledError,
  coroutine,
  createTask,
  type Future,
  gather,
  RuntimeError,
  setEventLoop,
  shield,
  sleep,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const BASE = 'test_tasks.py::BaseTaskTests::';

const answer = coroutine(async function answer() {
  return 42;
});

loopBehaviour('shield', (it) => {
  it(
    'returns the result',
    async (loop) => {
      const inner = loop.createFuture<number>();
      const outer = shield(inner);
      inner.setResult(42);

      assert.is(await outer, 42);
    },
    { cpython: [`${BASE}test_shield_result`] },
  );

  it(
    'fails with the failure',
    async (loop, scene) => {
      const inner = loop.createFuture<number>();
      const outer = shield(inner);
      const error = new RuntimeError('expected');
      inner.setException(error);
      await scene.settle();

      assert.is(outer.exception(), error);
    },
    { cpython: [`${BASE}test_shield_exception`] },
  );

  it(
    'is cancelled when the task that it protects is',
    async (loop, scene) => {
      const inner = loop.createFuture<number>();
      const outer = shield(inner);
      inner.cancel();
      await scene.settle();

      assert.ok(outer.cancelled());
    },
    { cpython: [`${BASE}test_shield_cancel_inner`] },
  );

  it(
    'keeps its own cancel to itself',
    async (loop, scene) => {
      const inner = loop.createFuture<number>();
      const outer = shield(inner);
      outer.cancel();
      await scene.settle();

      assert.ok(outer.cancelled());
      assert.not(inner.cancelled());
      assert.is(String(inner), '<Future pending cb=[_log_on_exception()]>');
    },
    { cpython: [`${BASE}test_shield_cancel_outer`] },
  );

  it(
    'returns what is already done as it is',
    async (loop) => {
      const future = loop.createFuture<number>();
      future.setResult(42);

      assert.is(shield(future), future);
    },
    { cpython: [`${BASE}test_shield_shortcut`] },
  );

  it(
    'lets the work continue when the waiting task is cancelled',
    async (loop, scene) => {
      let proof = 0;
      const waiter = loop.createFuture<void>();
      const outer = createTask(async () => {
        await shield(async () => {
          await waiter;
          proof += 1;
        });
        proof += 100;
      });
      await sleep(0);
      await sleep(0);
      outer.cancel();
      await rejects(outer, CancelledError);
      waiter.setResult();
      await scene.settle();

      assert.is(proof, 1);
    },
    { cpython: [`${BASE}test_shield_effect`] },
  );

  it(
    'protects what is gathered',
    async (loop, scene) => {
      const [child1, child2] = [loop.createFuture<number>(), loop.createFuture<number>()];
      const parent = gather(child1, child2);
      const outer = shield(parent);
      outer.cancel();
      await scene.settle();

      assert.ok(outer.cancelled());
      child1.setResult(1);
      child2.setResult(2);
      await scene.settle();
      assert.equal(parent.result(), [1, 2]);
    },
    { cpython: [`${BASE}test_shield_gather`] },
  );

  it(
    'protects from the cancel of a gather',
    async (loop, scene) => {
      const [child1, child2] = [loop.createFuture<number>(), loop.createFuture<number>()];
      const [inner1, inner2] = [shield(child1), shield(child2)];
      const parent = gather(inner1, inner2);
      parent.cancel();
      await scene.settle();

      assert.instance(parent.exception(), CancelledError);
      assert.ok(inner1.cancelled() && inner2.cancelled());
      assert.not(child1.done() || child2.done());
      child1.setResult(1);
      child2.setResult(2);
      await scene.settle();
    },
    { cpython: [`${BASE}test_gather_shield`] },
  );

  it('reports a failure that comes after its cancel, once', async (loop, scene) => {
    const inner = loop.createFuture<number>();
    for (let n = 0; n < 3; n += 1) shield(inner).cancel();
    await scene.settle();
    inner.setException(new RuntimeError('too late'));
    await scene.settle();

    const [report, ...others] = scene.reports;
    assert.is(others.length, 0);
    assert.is(report?.message, 'RuntimeError exception in shielded future');
    assert.is(String(report?.exception), 'RuntimeError: too late');
    assert.is(report?.future, inner);
  });

  for (const [name, end, reports] of [
    ['exception', (inner: Future<number>) => inner.setException(new RuntimeError('foo')), 1],
    ['result', (inner: Future<number>) => inner.setResult(1), 0],
  ] as const)
    it(
      `reports ${reports === 0 ? 'no' : 'an'} ${name} that comes after its cancel`,
      async (loop, scene) => {
        const inner = loop.createFuture<number>();
        const outer = shield(inner);
        await scene.settle();
        outer.cancel();
        await scene.settle();

        end(inner);
        await scene.settle();

        assert.is(scene.reports.length, reports);
      },
      { cpython: [`${BASE}test_shield_cancel_outer_${name}`] },
    );

  it(
    'reports what two of them would report once',
    async (loop, scene) => {
      const inner = loop.createFuture<number>();
      for (let n = 0; n < 2; n += 1) {
        const outer = shield(inner);
        await scene.settle();
        outer.cancel();
        await scene.settle();
      }

      inner.setException(new RuntimeError('foo'));
      await scene.settle();

      assert.is(scene.reports.length, 1);
    },
    { cpython: [`${BASE}test_shield_duplicate_log_once`] },
  );

  it('reports nothing twice that another shield still waits for', async (loop, scene) => {
    const inner = loop.createFuture<number>();
    const [given, kept] = [shield(inner), shield(inner)];
    given.cancel();
    await scene.settle();
    inner.setException(new RuntimeError('late'));

    await rejects(kept, RuntimeError);

    assert.is(scene.reports.length, 1);
  });

  it.resting(
    'needs a loop',
    () => {
      setEventLoop(undefined);
      const call = answer();

      throws(() => shield(call), RuntimeError, { message: /no current event loop/i });

      call.close();
    },
    { cpython: [`${BASE}test_shield_coroutine_without_loop`] },
  );

  it(
    'creates a task from a coroutine, on the running loop',
    async (loop) => {
      const outer = shield(answer());

      assert.is(outer.getLoop(), loop);
      assert.is(await outer, 42);
    },
    { cpython: [`${BASE}test_shield_coroutine_use_running_loop`] },
  );

  it.resting(
    'creates a task from a coroutine, on the set loop',
    async (loop) => {
      setEventLoop(loop);
      try {
        const outer = shield(answer());

        assert.is(outer.getLoop(), loop);
        assert.is(await loop.runUntilComplete(outer), 42);
      } finally {
        setEventLoop(undefined);
      }
    },
    { cpython: [`${BASE}test_shield_coroutine_use_global_loop`] },
  );
});
