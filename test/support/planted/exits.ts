import { behaviour } from '../behaviour.ts';

behaviour('exits', (it) => {
  it('ends the process, as if all were well', () => process.exit(0));
  it('never runs', () => undefined);
});
