import * as assert from 'uvu/assert';
import { coroutine, createTask, sleep } from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

loopBehaviour('createTask', (it) => {
  it('begins the body in the turn after the call', async () => {
    const steps: string[] = [];
    const body = coroutine(async () => void steps.push('body'));

    const task = createTask(body());
    steps.push('made');
    await task;

    assert.equal(steps, ['made', 'body']);
  });

  it('waits in virtual time', async (loop) => {
    const begin = loop.time();

    await sleep(3600);

    assert.is(loop.time() - begin, 3600);
  });
});
