import { createContext, runInContext } from 'node:vm';
import * as assert from 'uvu/assert';
import {
  createTask,
  ensureFuture,
  gather,
  sleep,
  TimeoutError,
  waitFor,
  wrapPromise,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

loopBehaviour('a foreign promise that is waited for', (it) => {
  /** A promise, with how often its `then()` was called. */
  const work = (): { promise: Promise<string>; fail(error: Error): void; end(): void } => {
    let [end, fail] = [(): void => {}, (_: Error): void => {}];
    const promise = new Promise<string>((resolve, reject) => {
      end = () => resolve('done');
      fail = reject;
    });
    return { promise, fail, end };
  };
  const waitInVain = async (promise: Promise<unknown>, times: number): Promise<void> => {
    for (let n = 0; n < times; n += 1) await rejects(waitFor(promise, 0.01), TimeoutError);
  };

  it('is reported once if it fails and nothing awaits it any more', async (_loop, scene) => {
    const { promise, fail } = work();
    await waitInVain(promise, 4);

    fail(new Error('boom'));
    await sleep(0);

    scene.expectReport(/failed after its future was cancelled/);
    assert.is(scene.reports.length, 1);
  });

  it('is not reported if something else awaits it, or the promise itself', async () => {
    for (const ask of [
      async (promise: Promise<unknown>) => await promise,
      (promise: Promise<unknown>) => waitFor(promise, 1),
      (promise: Promise<unknown>) => wrapPromise(promise),
      (promise: Promise<unknown>) => promise.then(),
      (promise: Promise<unknown>) => Promise.all([promise]),
    ]) {
      const { promise, fail } = work();
      await waitInVain(promise, 4);
      const asked = createTask(async () => await ask(promise));
      await sleep(0);
      fail(new Error('boom'));
      await rejects(asked, Error, { message: 'boom' });
    }
  });

  it('is subscribed to once, and wakes all waiters', async () => {
    const { promise, end } = work();
    const futures = [wrapPromise(promise), wrapPromise(promise), ensureFuture(promise)];
    assert.is(new Set(futures).size, 3);
    futures[1]?.cancel();

    end();
    await sleep(0);

    assert.equal(
      futures.map((future) => (future.cancelled() ? 'cancelled' : future.result())),
      ['done', 'cancelled', 'done'],
    );
    assert.is(await wrapPromise(promise), 'done');
    assert.equal(Reflect.ownKeys(promise).map(String).join().includes('asyncio'), false);
  });

  it('may be a thenable that settles more than once, or throws', async () => {
    type Then = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void;
    const of = (then: Then): PromiseLike<unknown> => ({ then }) as PromiseLike<unknown>;
    const boom = new Error('boom');

    assert.is(await wrapPromise(of((resolve) => [resolve(1), resolve(2)])), 1);
    assert.is(await wrapPromise(of((resolve, reject) => [resolve(1), reject(boom)])), 1);
    assert.is(
      await wrapPromise(
        of((resolve) => {
          resolve(1);
          throw boom;
        }),
      ),
      1,
    );
    const throwing = of(() => {
      throw boom;
    });
    assert.is(await rejects(wrapPromise(throwing), Error), boom);
    assert.is(
      await rejects(wrapPromise(of((_, reject) => [reject(boom), reject(1)])), Error),
      boom,
    );
    const nested = wrapPromise(of((resolve) => resolve(Promise.resolve(3))));
    await sleep(0);
    assert.is(nested.result(), 3);
  });

  it('may be of another realm, or a function', async () => {
    const foreign = runInContext('Promise.resolve(4)', createContext()) as Promise<number>;
    const callable = Object.assign(() => assert.unreachable('it was called'), {
      // biome-ignore lint/suspicious/noThenProperty: a builder of a query is meant
      then: (resolve: (value: number) => void) => resolve(5),
    }) as unknown as PromiseLike<number>;

    assert.equal(await gather(foreign, callable, callable), [4, 5, 5]);
    assert.is(await waitFor(callable, 1), 5);
    assert.is(await ensureFuture(callable), 5);
    throws(() => createTask(callable as never), TypeError, {
      message: /a promise that is already running/,
    });
  });

  it('may fail before the coroutine that got it starts', async () => {
    const fails = async (): Promise<never> => {
      throw new Error('boom');
    };
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      const waits = Array.from({ length: 20 }, () => waitFor(fails(), 1));
      const results = await gather(...waits, { returnExceptions: true });
      assert.equal(
        results.map(String),
        Array.from({ length: 20 }, () => 'Error: boom'),
      );

      const late = waitFor(fails(), 1);
      const { signal } = new AbortController();
      const withSignal = waitFor(fails(), 1, { signal });
      await new Promise((resolve) => setImmediate(resolve));
      await rejects(late, Error, { message: 'boom' });
      await rejects(withSignal, Error, { message: 'boom' });
      const aborted = waitFor(fails(), 1, { signal: AbortSignal.abort(new Error('aborted')) });
      await new Promise((resolve) => setImmediate(resolve));
      await rejects(aborted, Error, { message: 'aborted' });
      const task = createTask(waitFor(fails(), 1));
      task.cancel();
      await gather(task, { returnExceptions: true });
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('unhandledRejection', note);
    }
    assert.equal(unhandled, []);
  });
});
