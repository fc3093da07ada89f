import * as assert from 'uvu/assert';
import { siteOf, stackOf, userSite, userStack } from '../../src/base/stacks.ts';
import { coroutine, sleep } from '../../src/index.ts';
import { behaviour } from '../support/behaviour.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

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
