import { createServer } from 'node:net';
import { behaviour } from '../behaviour.ts';

behaviour('hangs-open', (it) => {
  it(
    'never settles, and leaves a socket open',
    () => new Promise(() => createServer().listen(0, '127.0.0.1')),
    { seconds: 0.1 },
  );
  it('still runs', () => undefined);
});
