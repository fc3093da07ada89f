/** Every fault at once, in every style. FAULT_SECONDS=60 makes it a minute each. */
import { STYLES, type Style } from '../../src/echo/styles.ts';
import { behaviour } from '../support/behaviour.ts';
import { REAL_DRIVERS } from './scenarios.ts';
import { servesThroughFaults } from './wire.ts';

const SECONDS = Number(process.env['FAULT_SECONDS'] ?? 5);

for (const style of Object.keys(STYLES) as Style[])
  for (const driver of REAL_DRIVERS)
    behaviour(`An echo server in the style of ${style} with faulty clients (${driver})`, (it) => {
      const does = `serves a fresh one within 100 ms for ${SECONDS} s, and has nothing left of the others`;
      it(does, () => servesThroughFaults(style, driver, SECONDS), { seconds: 60 + SECONDS });

      // Operations on sockets do not encrypt.
      if (style === 'sock') return;
      it(`${does}, with TLS`, () => servesThroughFaults(style, driver, SECONDS, true), {
        seconds: 60 + SECONDS,
      });
    });
