/** Clients that go at every byte of a TLS handshake. */
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { survivesCuts } from './handshake.ts';
import { REAL_DRIVERS } from './scenarios.ts';

for (const manner of ['streams', 'protocol'] as const)
  for (const driver of REAL_DRIVERS)
    loopBehaviour(`An echo server with ssl, made of ${manner} (${driver})`, (it) => {
      it(
        'has nothing left of clients that go at any byte of the handshake, and serves others meanwhile',
        (loop, scene) => survivesCuts(loop, scene, manner, driver, 1),
        { clock: 'real', seconds: 300 },
      );
    });
