import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { runFile } from '../../support/child.ts';

const SECONDS = { seconds: 20 };

async function told(story: string): Promise<string[]> {
  const { stdout } = await runFile('test/core/children/hooks-end.ts', { args: [story] });
  return stdout.trim().split('\n');
}

behaviour('the hooks that follow promises', (it) => {
  it(
    'end with the last loop, and start again with the next',
    async () => {
      assert.equal(await told('runs'), [
        'before: false',
        'first: true',
        'true',
        'after the first: false',
        'second: true',
        'true',
        'after the second: false',
        'one is open: true',
        'none is open: false',
      ]);
    },
    SECONDS,
  );

  it(
    'are not needed for context variables that outlive a run',
    async () => {
      assert.equal(await told('variable'), ['before: false', 'after: false', 'value', 'none']);
    },
    SECONDS,
  );

  it(
    'stay for a context before any variable was created',
    async () => {
      assert.equal(await told('context'), [
        'before: false',
        'after: true',
        'not outside',
        'gone on: false',
      ]);
    },
    SECONDS,
  );

  it(
    'stay while an abandoned body continues',
    async () => {
      assert.equal(await told('abandoned'), [
        'before: false',
        'left behind: true',
        'CancelledError',
        'after: false',
      ]);
    },
    SECONDS,
  );

  it(
    'stay until a task that was left pending, or an abandoned body, is collected',
    async () => {
      assert.equal(await told('pending'), [
        'before: false',
        'left pending: true',
        'collected: false',
      ]);
      assert.equal(await told('forgotten'), [
        'before: false',
        'left behind: true',
        'collected: false',
      ]);
    },
    SECONDS,
  );

  it(
    'end while the loop of enter() is idle, unless a call continues',
    async () => {
      assert.equal(await told('enter'), [
        'before: false',
        'at rest: false',
        'inside: true',
        'a call goes on: true',
        'at rest: false',
      ]);
    },
    SECONDS,
  );

  it(
    'stay while awaits are tracked',
    async () => {
      assert.equal(await told('tracking'), ['before: false', 'tracked: true', 'no more: false']);
    },
    SECONDS,
  );
});

behaviour('the storage of context variables', (it) => {
  it(
    'ends when no loop and no context is left, and starts again',
    async () => {
      assert.equal(await told('ids'), ['before: false', 'false', 'value', 'false', 'again']);
    },
    SECONDS,
  );
});
