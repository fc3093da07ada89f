/**
 * Random programs of transports, datagrams and streams on real sockets print what CPython prints of
 * them on this machine: what a socket takes at a time is the system's. `make-random-io.ts` makes others.
 */
import { asPythonHere } from './support/as-python-here.ts';

asPythonHere('parity of random programs on sockets', {
  name: 'random-io',
  // The one that was looked at: others may tell a protocol of the same in another order.
  isKnown: 'import sys; sys.exit(sys.version_info[:2] != (3, 11))',
  seconds: 30,
});
