import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { runCommand } from '../../support/child.ts';
import { typescript } from '../../support/program.ts';

/** What a program prints whose first store is entered at a moment. */
async function printed(moment: string): Promise<string[]> {
  const program = typescript('test/core/children/first-store.ts');
  const ended = await runCommand(process.execPath, ['--expose-gc', ...program, moment]);
  assert.is(ended.stderr, '');
  return ended.stdout.trim().split('\n').sort();
}

// In processes of their own: what counts is the first store of each. That all things keep theirs is
// in async-context.slow.test.ts.
behaviour('The first store of a process', (it) => {
  it('is not one of our context variables', async () => {
    assert.equal(await printed('never'), ['main', 'unused']);
  });

  it('stays with the callback that enters it', async () => {
    const protocols = [0, 1, 2].map((n) => `protocol ${n}: nothing`);
    assert.equal(await printed('in a callback'), ['main: nothing', ...protocols]);
  });

  it('stays with the task that enters it, and with what that creates', async () => {
    assert.equal(await printed('in a task'), [
      'first, a turn later: first',
      'first: nothing',
      'main: nothing',
      'second, a turn later: second',
      'second: nothing',
      'the child of first: first',
      'the child of second: second',
    ]);
  });

  it('is not seen by what was created before', async () => {
    assert.equal(await printed('after all was made'), [
      'addDoneCallback: nothing',
      'callLater: nothing',
      'server: nothing',
      'task that begins: nothing',
      'task: nothing',
      'then: nothing',
    ]);
  });

  it('is not seen by everything if the library is imported in it', async () => {
    const found = ['callSoon: nothing', 'report: nothing', 'task: nothing'];
    assert.equal(await printed('before the import, and around it'), found);
  });

  it('is seen if it was entered before the import', async () => {
    const found = ['callSoon: the store', 'task: the store'];
    assert.equal(await printed('before the import, and kept'), found);
  });

  it('is released when what was created in it has ended', async () => {
    assert.equal(await printed('for a while'), ['0 stores are left']);
  });
});
