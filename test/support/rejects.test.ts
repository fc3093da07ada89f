import * as assert from 'uvu/assert';
import { behaviour } from './behaviour.ts';
import { rejects } from './rejects.ts';

behaviour('rejects', (it) => {
  it('answers the error when its class, code and text are as expected', async () => {
    const error = Object.assign(new RangeError('far out'), { code: 'EFAR' });

    const caught = await rejects(Promise.reject(error), RangeError, {
      code: 'EFAR',
      message: /out$/,
    });

    assert.is(caught, error);
  });

  it('fails when the promise is fulfilled', async () => {
    const outcome = rejects(Promise.resolve(1), Error);

    await rejects(outcome, assert.Assertion, { message: /expected a rejection with Error, got 1/ });
  });

  it('fails when the class is another one', async () => {
    const outcome = rejects(Promise.reject(new TypeError('no')), RangeError);

    await rejects(outcome, Error, { message: 'expected a rejection with RangeError' });
  });

  it('fails when the code is another one', async () => {
    const outcome = rejects(Promise.reject(new Error('no')), Error, { code: 'EFAR' });

    await rejects(outcome, assert.Assertion);
  });
});
