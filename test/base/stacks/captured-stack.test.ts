import * as assert from 'uvu/assert';
import { CancelledError } from '../../../src/index.ts';
import { behaviour } from '../../support/behaviour.ts';

/** Two errors made in functions of different names. */
function makeTwo(): [Error, Error] {
  const first = (): Error => new CancelledError('first');
  const second = (): Error => new CancelledError('second');
  return [first(), second()];
}

behaviour('The stack of an error', (it) => {
  it('is its own, whichever is printed first', () => {
    const [first, second] = makeTwo();

    assert.match(String(second.stack), /^CancelledError: second\n {4}at second /);
    assert.match(String(first.stack), /^CancelledError: first\n {4}at first /);
    assert.is(first.stack, first.stack);
  });

  it('can be set, before it was printed and after', () => {
    const [first, second] = makeTwo();
    void second.stack;

    first.stack = 'mine';
    second.stack = 'mine, too';

    assert.equal([first.stack, second.stack], ['mine', 'mine, too']);
    assert.equal(Object.keys(first), []);
  });

  it('is inherited, and unchanged when an heir sets its own', () => {
    const [first] = makeTwo();
    const heir = Object.create(first);

    assert.match(String(heir.stack), /^CancelledError: first\n {4}at first /);
    heir.stack = 'mine';

    assert.is(heir.stack, 'mine');
    assert.match(String(first.stack), /at first /);
  });

  it('is not lost when a proxy is asked for it', () => {
    const [first] = makeTwo();

    assert.match(String(new Proxy(first, {}).stack), /^CancelledError: first/);
    assert.match(String(first.stack), /at first /);
  });
});
