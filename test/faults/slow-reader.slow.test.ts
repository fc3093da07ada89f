/** Much through a slow reader. SLOW_READER_MB=1000 makes it a gigabyte. */
import { behaviour } from '../support/behaviour.ts';
import { REAL_DRIVERS } from './scenarios.ts';
import { sendsToSlowReader } from './slow-reader.ts';

const MEGABYTES = Number(process.env['SLOW_READER_MB'] ?? 64);

for (const style of ['streams', 'protocol'] as const)
  for (const driver of REAL_DRIVERS)
    behaviour(`A sender in the style of ${style} (${driver})`, (it) => {
      it(
        `buffers no more than the water marks allow while ${MEGABYTES} MB go to a slow reader`,
        () => sendsToSlowReader(style, driver, MEGABYTES),
        { seconds: 60 + MEGABYTES / 5 },
      );
    });
