import { runInNewContext } from 'node:vm';
import * as assert from 'uvu/assert';
import {
  createTask,
  Event,
  Future,
  fromEvent,
  gather,
  Queue,
  sleep,
  wrapPromise,
} from '../../../src/index.ts';
import { socketpair } from '../../../src/socket.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

loopBehaviour('the message of a cancel', (it) => {
  it('is a string or undefined; otherwise, nothing is cancelled', async (loop) => {
    const [left, right] = socketpair();
    const queue = new Queue<number>();
    const makers: Record<string, () => Future<unknown>> = {
      Future: () => new Future(),
      Task: () => createTask(() => new Event().wait()),
      'a task that waits': () => createTask(queue.get()),
      'sleep(0)': () => sleep(0),
      sleep: () => sleep(1),
      gather: () => gather(new Event().wait()),
      fromEvent: () => fromEvent(new EventTarget(), 'news'),
      sockRecv: () => loop.sockRecv(left, 1) as unknown as Future<unknown>,
      wrapPromise: () => wrapPromise(new Promise(() => {})),
    };
    for (const [name, make] of Object.entries(makers)) {
      const future = make();
      await Promise.resolve();
      for (const wrong of [5, null, {}, new Error('why'), Symbol('s')])
        throws(() => future.cancel(wrong as never), TypeError, {
          message: /^the message of a cancel must be a string, got /,
        });
      assert.not(future.cancelled(), name);
      assert.is(future.cancel('enough'), true, name);
      await rejects(future, Error);
      throws(() => future.cancel(5 as never), TypeError);
    }
    left.close();
    right.close();
  });
});

loopBehaviour('Future.setException', (it) => {
  it('accepts errors of another realm, and their classes', async () => {
    const errors = runInNewContext(
      '({ error: new RangeError("r"), Kind: TypeError, Own: class Own extends Error {}, Base: Error })',
    ) as Record<string, never>;
    for (const [name, given] of Object.entries(errors)) {
      const future = new Future();
      future.setException(given);
      assert.match(String(future), /exception=/, name);
      assert.match(String(future.exception()), /Error|Own/, name);
    }
    const future = new Future();
    for (const wrong of [{}, Object, class Other {}, () => {}, 'text', runInNewContext('Object')])
      throws(() => future.setException(wrong as never), TypeError);
    future.cancel();
  });
});
