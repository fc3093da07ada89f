import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { runCommand, runFile } from '../support/child.ts';

const expected = readFileSync(new URL('order.txt', import.meta.url), 'utf8');

behaviour('Loop', (it) => {
  it('runs tasks, callbacks and timers in the order that CPython printed', async () => {
    const { stdout, stderr } = await runFile('test/parity/order.ts');

    assert.is(stderr, '');
    assert.is(stdout, expected);
  });

  it('runs them in the order that the python3 of this machine prints', async () => {
    const python = await runCommand('python3', ['test/parity/order.py']).catch(() => undefined);
    if (python === undefined) return; // no Python here: the text above has to do

    assert.is(python.stdout, expected);
  });
});
