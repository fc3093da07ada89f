/** Clients that go at every byte of a TLS handshake. */
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { servesBetweenCuts, survivesCuts } from './handshake.ts';
import { REAL_DRIVERS } from './scenarios.ts';

for (const style of ['streams', 'protocol'] as const)
  for (const driver of REAL_DRIVERS)
    loopBehaviour(`An echo server with ssl in the style of ${style} (${driver})`, (it) => {
      it(
        'keeps nothing of clients that disconnect at any byte of the handshake',
        (loop, scene) => survivesCuts(loop, scene, style, driver, 1),
        { clock: 'real', seconds: 300 },
      );

      it.resting(
        'serves a new client within 100 ms after each of them',
        () => servesBetweenCuts(style, driver, 1),
        { clock: 'real', seconds: 300 },
      );
    });
