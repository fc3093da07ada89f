import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { InternalError, invariant } from '../../../src/base/errors/errors.ts';
import { siteOf, stackOf, userSite, userStack } from '../../../src/base/stacks/stacks.ts';
import { coroutine, sleep } from '../../../src/index.ts';
import { behaviour } from '../../support/behaviour.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

behaviour('userStack', (it) => {
  it('gives the frames of the user, innermost first', () => {
    function inner(): string[] {
      return userStack(2);
    }
    const frames = inner();

    assert.is(frames.length, 2);
    assert.match(String(frames[0]), /at inner \(.*stacks\.test\.ts:\d+:\d+\)$/);
    assert.match(String(frames[1]), /stacks\.test\.ts:\d+:\d+\)$/);
  });

  it('leaves the limit of all other stacks as it is', () => {
    const before = Error.stackTraceLimit;

    userStack(3);

    assert.is(Error.stackTraceLimit, before);
  });
});

behaviour('siteOf', (it) => {
  it('gives the file as seen from the working directory, and the line', () => {
    assert.is(siteOf(`    at f (${process.cwd()}/a/b.ts:12:3)`), 'a/b.ts:12');
    assert.is(siteOf('    at /elsewhere/c.js:1:2'), '/elsewhere/c.js:1');
    assert.is(siteOf('    at async f (file:///elsewhere/c.js:1:2)'), '/elsewhere/c.js:1');
    assert.is(siteOf(undefined), undefined);
    assert.match(String(userSite()), /^test\/base\/stacks\.test\.ts:\d+$/);
  });
});

loopBehaviour('stackOf', (it) => {
  it('gives the stack without the frames by which the loop came to the user', async () => {
    const failing = coroutine(async function failing() {
      throw new RangeError('boom');
    });
    const caught = await failing().catch((error: unknown) => error);
    await sleep(0);

    assert.match(
      stackOf(caught),
      /^RangeError: boom\n {4}at failing \(.*stacks\.test\.ts:\d+:\d+\)$/m,
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

    assert.match(stackOf(fault), /at .*invariant .*src\/base\/errors\.ts/);
    assert.match(stackOf(fault), /stacks\.test\.ts/);
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
