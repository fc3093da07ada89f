/**
 * Random programs of servers and their clients print what CPython 3.13 prints of them: over TCP, IPv6
 * and unix paths, with TLS from the start, later or not at all. `make-random-servers.ts` makes others.
 */
import { behaviour } from '../support/behaviour.ts';
import { asCPython } from './random-as-cpython.ts';

const COUNTS = { posix: 100, 'posix, uv_poll': 40 };

behaviour('parity of random programs of servers', (it) => {
  for (const [driver, count] of Object.entries(COUNTS))
    it(
      `prints what CPython 3.13 prints of the first ${count}, on ${driver}`,
      () => asCPython('servers', driver, count),
      { seconds: 60 },
    );
});
