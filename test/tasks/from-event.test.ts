import { EventEmitter } from 'node:events';
import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  fromEvent,
  RuntimeError,
  sleep,
  TimeoutError,
  waitFor,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

loopBehaviour('fromEvent', (it) => {
  it("returns the listener's arguments", async (loop) => {
    const emitter = new EventEmitter();
    loop.callLater(1, () => emitter.emit('news', 1, 'two'));

    assert.equal(await fromEvent(emitter, 'news'), [1, 'two']);

    assert.equal(emitter.eventNames(), []);
  });

  it('waits from the time of the call', async () => {
    const emitter = new EventEmitter();
    const waiting = fromEvent(emitter, 'news');
    emitter.emit('news', 'early');
    emitter.emit('news', 'late');

    assert.equal(await waiting, ['early']);
  });

  it('accepts an EventTarget', async (loop) => {
    const target = new EventTarget();
    const event = new Event('news');
    loop.callSoon(() => target.dispatchEvent(event));

    const [given] = await fromEvent(target, 'news');

    assert.is(given, event);
  });

  it('throws an error that comes first', async (loop) => {
    const emitter = new EventEmitter();
    loop.callSoon(() => emitter.emit('error', new RangeError('broken')));

    await rejects(fromEvent(emitter, 'news'), RangeError, { message: 'broken' });

    assert.equal(emitter.eventNames(), []);
  });

  it('returns an error event that was requested', async (loop) => {
    const emitter = new EventEmitter();
    const error = new RangeError('asked for');
    loop.callSoon(() => emitter.emit('error', error));

    assert.equal(await fromEvent(emitter, 'error'), [error]);
  });

  it('removes its listeners when it is cancelled', async () => {
    const emitter = new EventEmitter();
    const task = createTask(async () => await fromEvent(emitter, 'news'));
    await sleep(0);
    assert.is(emitter.listenerCount('news'), 1);
    task.cancel();

    await rejects(task, CancelledError);
    await rejects(waitFor(fromEvent(emitter, 'news'), 1), TimeoutError);

    assert.equal(emitter.eventNames(), []);
  });

  it.resting('reports nothing when its loop is closed', async (loop) => {
    const emitter = new EventEmitter();
    await loop.runUntilComplete(async () => void fromEvent(emitter, 'news'));
    loop.close();

    emitter.emit('news');

    assert.equal(emitter.eventNames(), []);
  });

  it('refuses anything but an emitter and a name', async () => {
    throws(() => fromEvent(5 as never, 'news'), TypeError, {
      message: 'an EventEmitter or an EventTarget was expected, got 5',
    });
    throws(() => fromEvent(new EventEmitter(), 5 as never), TypeError, {
      message: 'the name of an event was expected, got 5',
    });
  });

  it.resting('needs a running loop', () => {
    throws(() => fromEvent(new EventEmitter(), 'news'), RuntimeError);
  });
});
