import * as assert from 'uvu/assert';
import { numbersOf, pin, processors } from '../../bench/processors.ts';
import { behaviour } from '../support/behaviour.ts';

behaviour('the processors of the bench', (it) => {
  it('are read from a list of ranges', () => {
    assert.equal(numbersOf('0-2,5'), [0, 1, 2, 5]);
    assert.equal(numbersOf('7'), [7]);
    assert.equal(numbersOf(''), []);
  });

  it('are two different ones, or none is chosen', () => {
    assert.is(processors === undefined, pin('server').length === 0);
    if (processors !== undefined) assert.is.not(processors.server, processors.client);
  });
});
