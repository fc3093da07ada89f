/** Every fault at once, at every manner. FAULT_SECONDS=60 makes it a minute each. */
import { MANNERS, type Manner } from '../../src/echo/styles.ts';
import { behaviour } from '../support/behaviour.ts';
import { REAL_DRIVERS } from './scenarios.ts';
import { servesThroughFaults } from './wire.ts';

const SECONDS = Number(process.env['FAULT_SECONDS'] ?? 5);

for (const manner of Object.keys(MANNERS) as Manner[])
  for (const driver of REAL_DRIVERS)
    behaviour(`An echo server made of ${manner}, among clients that go wrong (${driver})`, (it) => {
      const does = `serves a fresh one within 100 ms for ${SECONDS} s, and has nothing left of the others`;
      it(does, () => servesThroughFaults(manner, driver, SECONDS), { seconds: 60 + SECONDS });

      // Operations on sockets do not encrypt.
      if (manner === 'sock') return;
      it(`${does}, with TLS`, () => servesThroughFaults(manner, driver, SECONDS, true), {
        seconds: 60 + SECONDS,
      });
    });
