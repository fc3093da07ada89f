/** All random programs of servers that are kept, on the drivers that have addresses as the system's. */
import { behaviour } from '../support/behaviour.ts';
import { asCPython } from './random-as-cpython.ts';

behaviour('parity of all random programs of servers', (it) => {
  for (const driver of ['posix', 'posix, uv_poll', 'memory'])
    it(`prints what CPython 3.13 prints, on ${driver}`, () => asCPython('servers', driver), {
      seconds: 120,
    });
});

// In memory, bytes are there at once, and in other portions.
behaviour('parity of all random programs of streams', (it) => {
  for (const driver of ['posix', 'posix, uv_poll'])
    it(`prints what CPython 3.13 prints, on ${driver}`, () => asCPython('streams', driver), {
      seconds: 120,
    });
});
