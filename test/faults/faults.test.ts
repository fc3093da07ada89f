/** The faults of faults.slow.test.ts in small. */
import { platform } from 'node:os';
import { STYLES, type Style } from '../../src/echo/styles.ts';
import { behaviour } from '../support/behaviour.ts';
import {
  comeAndGo,
  finishSending,
  forgetfulServer,
  forgets,
  holdsMany,
  lateReader,
  manyFailures,
  on,
  REAL_DRIVERS,
  resetsDuringSendall,
  type Scenario,
  sendsByteByByte,
  trackedServer,
} from './scenarios.ts';

for (const driver of REAL_DRIVERS) {
  // What is polled otherwise is told to all styles alike.
  const styles = driver === 'node' || driver === 'posix' ? Object.keys(STYLES) : ['sock'];
  for (const style of styles as Style[])
    behaviour(`An echo server in the style of ${style} (${driver})`, (it) => {
      // One server for all of them: to start it is most of the work.
      it(
        'names the clients it loses, serves slow and half-closed ones, and keeps nothing of those that left',
        () =>
          on(
            trackedServer(driver, { style }),
            (server) => resetsDuringSendall(server, 1),
            (server) => sendsByteByByte(server, 100),
            (server) => finishSending(server, 10, 200_000),
            ...countingDescriptors(
              (server) => holdsMany(server, 100),
              (server) => comeAndGo(server, 200),
            ),
          ),
        { seconds: 30 },
      );
    });

  behaviour(`An echo server that closes no connection (${driver})`, (it) => {
    it(
      'serves more clients than it may have descriptors by collecting those that have disconnected',
      () => on(forgetfulServer(driver), (server) => forgets(server, 700)),
      { seconds: 40 },
    );
  });
}

/** Scenarios in which they are counted, in /proc. */
function countingDescriptors(...scenarios: Scenario[]): Scenario[] {
  return platform() === 'linux' ? scenarios : [];
}

behaviour('Failures that are never retrieved', (it) => {
  it('are reported once each, and nothing else is', () => manyFailures(200, 50), { seconds: 20 });

  it('are not lost if the output at exit is not read immediately', () => lateReader(1000), {
    seconds: 60,
  });
});
