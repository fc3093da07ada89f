import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { InternalError, invariant } from '../../../src/base/errors/errors.ts';
import { stackOf } from '../../../src/base/stacks/error-report.ts';
import { coroutine, createTask, Queue, sleep, wait } from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

loopBehaviour('stackOf', (it) => {
  it("shows the stack without the frames between the loop and the user's code", async () => {
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

  it('omits frames of the library and Node between those of the user', async () => {
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
      '    at new Promise (<anonymous>)',
      `    at ours (${ours}:3:1)`,
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

  it("keeps the library's frames for a bug in the library", async () => {
    const fault = await rejects((async () => invariant(false, 'a fault'))(), InternalError);

    assert.match(stackOf(fault), /at .*invariant .*src\/base\/errors\/errors\.ts/);
    assert.match(stackOf(fault), /error-report\.test\.ts/);
  });

  it("omits the library's frames for an error of its classes even if there are no others", async () => {
    const queue = new Queue();
    queue.shutdown();
    const task = createTask(queue.get());
    await wait([task]);

    assert.is(stackOf(task.exception()), 'QueueShutDown');
  });

  it('shows the causes, and stops if an error is its own cause', async () => {
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

  it('shows what was thrown if it is not an error', async () => {
    assert.is(stackOf('text'), "Thrown: 'text'");
    assert.is(stackOf(Object.create(null)), 'Thrown: {}');
  });
});
