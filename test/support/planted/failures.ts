import * as assert from 'uvu/assert';
import { behaviour } from '../behaviour.ts';

behaviour('failures', (it) => {
  it('asserts what is not so', () => assert.is(1, 2));
  it('rejects with a string', () => Promise.reject('a string'));
  it('rejects with undefined', () => Promise.reject(undefined));
  it('throws an Error that uvu cannot print', () => {
    throw Object.assign(new Error('odd'), { name: undefined, stack: undefined });
  });
  it('hides a failure behind one of its cleanup', () => {
    try {
      assert.is(1, 2);
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: it is what is planted
      throw new Error('the cleanup failed');
    }
  });
  it('never settles', () => new Promise(() => undefined), { seconds: 0.1 });
  it('leaves a rejection to nobody', async () => {
    void Promise.reject(new Error('a rejection escaped'));
    await new Promise((resolve) => setImmediate(resolve));
  });
  it('passes after all of them', () => undefined);
});
