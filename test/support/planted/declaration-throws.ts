import { behaviour } from '../behaviour.ts';

behaviour('declaration-throws', (it) => {
  it('never runs', () => undefined);
  it.skip('is skipped for no reason, which throws', '');
});
