/**
 * Random programs of stream servers and their clients print what CPython 3.13 prints of them: handlers,
 * all ways to read, limits, drain(), half-closes, and startTls() with and without bytes that were not
 * read. `make-random-streams.ts` makes others.
 */
import { behaviour } from '../support/behaviour.ts';
import { asCPython } from './random-as-cpython.ts';

const COUNTS = { posix: 100, 'posix, uv_poll': 40 };

behaviour('parity of random programs of streams', (it) => {
  for (const [driver, count] of Object.entries(COUNTS))
    it(
      `prints what CPython 3.13 prints of the first ${count}, on ${driver}`,
      () => asCPython('streams', driver, count),
      { seconds: 60 },
    );
});
