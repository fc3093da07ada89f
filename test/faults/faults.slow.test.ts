/** What clients and the system can do to a server, in the sizes that count. */
import { behaviour } from '../support/behaviour.ts';
import {
  comeAndGo,
  finishSending,
  forgetfulServer,
  holdsIdle,
  holdsMany,
  lateReader,
  manyFailures,
  mostDescriptors,
  REAL_DRIVERS,
  resetsDuringSendall,
  runOutOfDescriptors,
  sendsByteByByte,
  stopsReading,
  trackedServer,
} from './scenarios.ts';

/** Connections that rest. */
const IDLE = 9000;

for (const driver of REAL_DRIVERS)
  behaviour(`An echo server under faults (${driver})`, (it) => {
    it('names each client that resets while it is sent to', () => resetsDuringSendall(driver, 20), {
      seconds: 60,
    });

    it('serves a client that sends byte by byte', () => sendsByteByByte(driver, 20_000), {
      seconds: 60,
    });

    it(
      'keeps its size when a client leaves 100 MB unread, and loses none of them',
      () => stopsReading(driver, 100_000_000, 40_000_000),
      { seconds: 60 },
    );

    it(
      'sends all back to clients that have finished sending',
      () => finishSending(driver, 200, 1_000_000),
      {
        seconds: 60,
      },
    );

    it('holds 2,000 connections at once', () => holdsMany(driver, 2000), { seconds: 60 });

    const ample = mostDescriptors() > IDLE + 200;
    const serves = `holds ${IDLE} connections that rest, and one among them is served as fast`;
    if (ample) it(serves, () => holdsIdle(driver, IDLE), { seconds: 120 });
    else it.skip(serves, 'the system allows fewer descriptors (ulimit -Hn)');

    it(
      'has no descriptor left of 20,000 clients that have gone',
      () => comeAndGo(trackedServer, driver, 20_000, 0),
      { seconds: 120 },
    );

    it(
      'has none left even where nobody closes connections',
      () => comeAndGo(forgetfulServer, driver, 20_000, 1, 60),
      { seconds: 180 },
    );

    it(
      'reports a shortage of descriptors once a second, and recovers',
      () => runOutOfDescriptors(driver, 4),
      { seconds: 60 },
    );
  });

behaviour('10,000 failures that nobody retrieves', (it) => {
  it('are reported once each, and no others', () => manyFailures(10_000, 1000), { seconds: 120 });

  it('are not lost when nobody reads at once what is said at the end', () => lateReader(10000), {
    seconds: 60,
  });
});
