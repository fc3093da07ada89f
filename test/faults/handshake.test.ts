/** Clients that go in the middle of a TLS handshake, as in handshake.slow.test.ts, at a few of its bytes. */
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { survivesCuts } from './handshake.ts';

/** From one number of bytes to the next. */
const STEP = 150;

for (const style of ['streams', 'protocol'] as const)
  for (const driver of ['node', 'posix'] as const)
    loopBehaviour(`An echo server with ssl in the style of ${style} (${driver})`, (it) => {
      it(
        'keeps nothing of clients that disconnect in the middle of the handshake',
        (loop, scene) => survivesCuts(loop, scene, style, driver, STEP),
        { clock: 'real', seconds: 30 },
      );
    });
