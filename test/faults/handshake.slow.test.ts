/** Clients that go at every byte of a TLS handshake. */
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { servesBetweenCuts, survivesCuts } from './handshake.ts';
import { REAL_DRIVERS } from './scenarios.ts';

for (const style of ['streams', 'protocol'] as const)
  for (const driver of REAL_DRIVERS)
    loopBehaviour(`An echo server with ssl, made of ${style} (${driver})`, (it) => {
      it(
        'has nothing left of clients that go at any byte of the handshake',
        (loop, scene) => survivesCuts(loop, scene, style, driver, 1),
        { clock: 'real', seconds: 300 },
      );

      it.resting(
        'serves a fresh client within 100 ms after each that goes',
        () => servesBetweenCuts(style, driver, 1),
        { clock: 'real', seconds: 300 },
      );
    });
