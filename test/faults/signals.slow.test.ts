/** Servers that are told to stop at random moments. MOMENTS=200 has them stop as often; SEED=n, elsewhere. */
import { MANNERS, type Manner } from '../../src/echo/manners.ts';
import { behaviour } from '../support/behaviour.ts';
import { stopsAtMoments } from './signals.ts';

const MOMENTS = Number(process.env['MOMENTS'] ?? 12);
const SEED = Number(process.env['SEED'] ?? 1);

for (const manner of Object.keys(MANNERS) as Manner[])
  behaviour(`asyncio-ts echo under load, made of ${manner}`, (it) => {
    it(
      `ends soon after SIGINT or SIGTERM, at ${MOMENTS} random moments, and cuts nothing short unseen`,
      () => stopsAtMoments(manner, MOMENTS, SEED),
      { seconds: 60 + MOMENTS * 3 },
    );
  });
