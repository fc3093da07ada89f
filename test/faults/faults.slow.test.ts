/** What clients and the system can do to a server, in the sizes that count. */
import { STYLES, type Style } from '../../src/echo/styles.ts';
import { behaviour } from '../support/behaviour.ts';
import {
  comeAndGo,
  finishSending,
  holdsIdle,
  holdsMany,
  lateReader,
  manyFailures,
  mostDescriptors,
  on,
  REAL_DRIVERS,
  resetsDuringSendall,
  runOutOfDescriptors,
  type Scenario,
  sendsByteByByte,
  stopsReading,
  trackedServer,
} from './scenarios.ts';

/** Connections that rest. */
const IDLE = 9000;

for (const driver of REAL_DRIVERS) {
  for (const style of Object.keys(STYLES) as Style[])
    behaviour(`An echo server in the style of ${style} under faults (${driver})`, (it) => {
      const does = (
        sentence: string,
        scenario: Scenario,
        seconds = 60,
        descriptors?: number,
      ): void =>
        it(sentence, () => on(trackedServer(driver, { style, descriptors }), scenario), {
          seconds,
        });

      does('names each client that resets while data is sent to it', (server) =>
        resetsDuringSendall(server, 20),
      );

      does('serves a client that sends byte by byte', (server) => sendsByteByByte(server, 20_000));

      does('keeps its size when a client leaves 100 MB unread, and loses none of it', (server) =>
        stopsReading(server, 100_000_000, 40_000_000),
      );

      does('echoes everything to clients that have finished sending', (server) =>
        finishSending(server, 200, 1_000_000),
      );

      does('holds 2,000 connections at the same time', (server) => holdsMany(server, 2000));

      const ample = mostDescriptors() > IDLE + 200;
      const serves = `holds ${IDLE} connections that rest, and one among them is served as fast`;
      if (ample) does(serves, (server) => holdsIdle(server, IDLE), 120);
      else it.skip(serves, 'the system allows fewer descriptors (ulimit -Hn)');

      does(
        'has no descriptor left of 20,000 clients that have gone',
        (server) => comeAndGo(server, 20_000),
        120,
      );

      does(
        'reports a shortage of descriptors once a second, and recovers',
        (server) => runOutOfDescriptors(server, 4),
        60,
        // Fewer are not enough for Node to load its modules.
        128,
      );
    });
}

behaviour('10,000 failures that are never retrieved', (it) => {
  it('are reported once each, and nothing else is', () => manyFailures(10_000, 1000), {
    seconds: 120,
  });

  it('are not lost if the output at exit is not read immediately', () => lateReader(10000), {
    seconds: 60,
  });
});
