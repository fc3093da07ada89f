import { behaviour } from '../behaviour.ts';

behaviour('error-escapes', (it) => {
  it('throws in a callback after it has passed', () => {
    setTimeout(() => {
      throw new Error('escaped');
    }, 10);
  });
});
