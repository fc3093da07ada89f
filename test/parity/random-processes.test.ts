/**
 * Random programs of pipes and child processes print what CPython prints of them on this machine: what a
 * pipe takes at a time is the system's. `make-random-processes.ts` makes others.
 */
import { asPythonHere } from './support/as-python-here.ts';

asPythonHere('parity of random programs of pipes and child processes', {
  name: 'random-processes',
  // Those that were looked at.
  isKnown: 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))',
  seconds: 60,
});
