import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { InternalError, invariant } from '../../../src/base/errors/errors.ts';
import { stackOf } from '../../../src/base/stacks/error-report.ts';
import { coroutine, createTask, Queue, sleep, wait } from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

loopBehaviour('stackOf', (it) => {
  it('gives the stack without the frames by which the loop came to the user', async () => {
    const failing = coroutine(async function failing() {
      throw new RangeError('boom');
    });
    const caught = await failing().catch((error: unknown) => error);
    await sleep(0);

    assert.match(
      stackOf(caught),
      /^RangeError: boom\n {4}at failing \(.*error-report\.test\.ts:\d+:\d+\)$/m,
    );
    assert.not.match(stackOf(caught), /turns\.ts/);
  });

  it("leaves out our frames and Node's that are between the user's", async () => {
    const error = new Error(
      'at home (node:internal/timers:1:1)\n    at f (node:internal/timers:1:1)',
    );
    const ours = fileURLToPath(new URL('../../../src/core/coroutines/task.ts', import.meta.url));
    error.stack = [
      `Error: ${error.message}`,
      `    at ours (${ours}:1:1)`,
      '    at readFileSync (node:fs:1:1)',
      '    at inner (/a/b.ts:1:1)',
      '    at process.processTicksAndRejections (node:internal/process/task_queues:1:1)',
      `    at async ours (${ours}:1:1)`,
      '    at async Promise.all (index 0)',
      '    at async outer (/a/b.ts:2:1)',
      `    at async ours (${ours}:2:1)`,
    ].join('\n');

    assert.equal(stackOf(error).split('\n'), [
      `Error: ${error.message.split('\n')[0]}`,
      '    at f (node:internal/timers:1:1)',
      '    at readFileSync (node:fs:1:1)',
      '    at inner (/a/b.ts:1:1)',
      '    at async Promise.all (index 0)',
      '    at async outer (/a/b.ts:2:1)',
    ]);
  });

  it('keeps our frames of a fault that is ours', async () => {
    const fault = await rejects((async () => invariant(false, 'a fault'))(), InternalError);

    assert.match(stackOf(fault), /at .*invariant .*src\/base\/errors\/errors\.ts/);
    assert.match(stackOf(fault), /error-report\.test\.ts/);
  });

  it('leaves out our frames of an error of our classes where it has no others', async () => {
    const queue = new Queue();
    queue.shutdown();
    const task = createTask(queue.get());
    await wait([task]);

    assert.is(stackOf(task.exception()), 'QueueShutDown');
  });

  it('gives the causes, and ends where a cause is its own', async () => {
    const inner = new TypeError('inner');
    inner.stack = 'TypeError: inner';
    const outer = new Error('outer', { cause: inner });
    outer.stack = 'Error: outer';

    assert.is(stackOf(outer), 'Error: outer\n[cause]: TypeError: inner');
    inner.cause = outer;
    assert.is(stackOf(outer), 'Error: outer\n[cause]: TypeError: inner');
  });

  it('names an error by its class', async () => {
    class Boom extends Error {}

    assert.match(stackOf(new Boom('x')), /^Boom: x\n/);
  });

  it('says what was thrown where it is no error', async () => {
    assert.is(stackOf('text'), "Thrown: 'text'");
    assert.is(stackOf(Object.create(null)), 'Thrown: {}');
  });
});
