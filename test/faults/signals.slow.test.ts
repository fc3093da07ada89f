/** Servers that are told to stop at random moments. MOMENTS=200 has them stop as often; SEED=n, elsewhere. */
import { STYLES, type Style } from '../../src/echo/styles.ts';
import { behaviour } from '../support/behaviour.ts';
import { REAL_DRIVERS } from './scenarios.ts';
import { stopsAtMoments } from './signals.ts';

const MOMENTS = Number(process.env['MOMENTS'] ?? 12);
const SEED = Number(process.env['SEED'] ?? 1);

for (const driver of REAL_DRIVERS)
  for (const style of Object.keys(STYLES) as Style[])
    behaviour(`asyncio-ts echo under load in the style of ${style} (${driver})`, (it) => {
      // The driver that is chosen where nobody says which gets the most.
      const count = driver === 'posix' ? MOMENTS : Math.ceil(MOMENTS / 4);
      it(
        `exits soon after SIGINT or SIGTERM at ${count} random moments, and reports everything that it cuts short`,
        () => stopsAtMoments(style, driver, count, SEED),
        { seconds: 60 + count * 5 },
      );
    });
