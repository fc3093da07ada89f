import { getEventListeners } from 'node:events';
import * as assert from 'uvu/assert';
import {
  Barrier,
  CancelledError,
  Condition,
  createTask,
  currentTask,
  Event,
  fromEvent,
  gather,
  Lock,
  Queue,
  Semaphore,
  sleep,
  timeout,
  waitFor,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

const waits: Record<string, (options: { signal: AbortSignal }) => PromiseLike<unknown>> = {
  sleep: (options) => sleep(1, undefined, options),
  createTask: (options) => createTask(() => sleep(1), options),
  waitFor: (options) => waitFor(sleep(1), 2, options),
  gather: (options) => gather(sleep(1), options),
  fromEvent: (options) => {
    const target = new EventTarget();
    createTask(async () => {
      await sleep(1);
      target.dispatchEvent(new globalThis.Event('news'));
    });
    return fromEvent(target, 'news', options);
  },
  'Lock.acquire': (options) => new Lock().acquire(options),
  'Semaphore.acquire': (options) => new Semaphore().acquire(options),
  'Queue.put': (options) => new Queue().put(1, options),
  'Event.wait': (options) => {
    const event = new Event();
    event.set();
    return event.wait(options);
  },
  'Barrier.wait': (options) => new Barrier(1).wait(options),
  'Condition.with': (options) => new Condition().with(() => sleep(1), options),
};

loopBehaviour('a signal', (it) => {
  for (const [name, wait] of Object.entries(waits)) {
    it(`has a listener only while ${name} waits`, async () => {
      const request = new AbortController().signal;
      const signal = AbortSignal.any([new AbortController().signal, request]);
      const listeners = (): number => getEventListeners(signal, 'abort').length;

      for (let round = 0; round < 3; round += 1) {
        await wait({ signal });
        await sleep(0);
        assert.is(listeners(), 0);
      }

      const waiting = createTask(async () => await waits['sleep']?.({ signal }));
      const other = createTask(async () => await wait({ signal }));
      await sleep(0);
      assert.is(listeners(), 1);
      waiting.cancel();
      await rejects(waiting, CancelledError);
      await other;
      await sleep(0);
      assert.is(listeners(), 0);
    });

    it(`has no listener after it was aborted: ${name}`, async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = createTask(async () => await wait({ signal }));
      await sleep(0);
      controller.abort(new RangeError('aborted'));
      await waiting.catch(() => {});
      assert.is(getEventListeners(signal, 'abort').length, 0);
      await createTask(async () => await wait({ signal })).catch(() => {});
      await sleep(2);
      assert.is(getEventListeners(signal, 'abort').length, 0);
    });
  }

  it('of a task is a new one for each retry after a handled time-out', async () => {
    const task = currentTask();
    assert.ok(task);
    const signals: AbortSignal[] = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await timeout(1, async () => {
        const { signal } = task;
        assert.not(signal.aborted);
        signals.push(signal);
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      }).catch((error: Error) => assert.is(error.name, 'TimeoutError'));
      assert.not(task.signal.aborted);
    }
    assert.equal(
      signals.map(({ aborted }) => aborted),
      [true, true, true],
    );
  });
});
