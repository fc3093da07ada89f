import * as assert from 'uvu/assert';
import { behaviour } from '../behaviour.ts';

behaviour('good', (it) => {
  it('passes', () => assert.is(1, 1), { cpython: ['test_futures.py::FutureTests::test_cancel'] });
  it('passes in a while', async () => {
    await new Promise(setImmediate);
  });
  it.skip('waits for better days', 'planted');
});
