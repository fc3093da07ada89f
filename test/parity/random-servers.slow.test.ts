/** All random programs of servers that are kept, on the drivers that have addresses as the system's. */
import { behaviour } from '../support/behaviour.ts';
import { serversAsCPython } from './servers-as-cpython.ts';

behaviour('parity of all random programs of servers', (it) => {
  for (const driver of ['posix', 'posix, uv_poll', 'memory'])
    it(`prints what CPython 3.13 prints, on ${driver}`, () => serversAsCPython(driver), {
      seconds: 120,
    });
});
