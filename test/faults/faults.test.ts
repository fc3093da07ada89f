/** The faults of faults.slow.test.ts in small. */
import { platform } from 'node:os';
import { behaviour } from '../support/behaviour.ts';
import {
  comeAndGo,
  finishSending,
  forgetfulServer,
  holdsMany,
  lateReader,
  manyFailures,
  REAL_DRIVERS,
  resetsDuringSendall,
  sendsByteByByte,
  trackedServer,
} from './scenarios.ts';

for (const driver of REAL_DRIVERS)
  behaviour(`An echo server (${driver})`, (it) => {
    const onLinux: typeof it = Object.assign(
      ((sentence, scenario, options) =>
        platform() === 'linux'
          ? it(sentence, scenario, options)
          : it.skip(sentence, 'descriptors are counted in /proc')) as typeof it,
      { skip: it.skip },
    );

    it('names a client that resets while it is sent to', () => resetsDuringSendall(driver, 1), {
      seconds: 30,
    });

    it('serves a client that sends byte by byte', () => sendsByteByByte(driver, 100), {
      seconds: 30,
    });

    it(
      'sends all back to clients that have finished sending',
      () => finishSending(driver, 20, 200_000),
      {
        seconds: 30,
      },
    );

    onLinux('holds a hundred connections, and closes them', () => holdsMany(driver, 100), {
      seconds: 30,
    });

    onLinux(
      'has no descriptor left of clients that have gone',
      () => comeAndGo(trackedServer, driver, 200, 0),
      {
        seconds: 30,
      },
    );

    onLinux(
      'has none left even where nobody closes connections, by collecting them',
      () => comeAndGo(forgetfulServer, driver, 200, 1),
      { seconds: 30 },
    );
  });

behaviour('Failures that nobody retrieves', (it) => {
  it('are reported once each, and no others', () => manyFailures(200, 50), { seconds: 30 });

  it('are not lost when nobody reads at once what is said at the end', () => lateReader(1000), {
    seconds: 60,
  });
});
