import * as assert from 'uvu/assert';
import { counted, Statistics } from '../../src/echo/statistics.ts';
import { behaviour } from '../support/behaviour.ts';

behaviour('Statistics.summary', (it) => {
  it('contains the counts and the rate', () => {
    const statistics = new Statistics(100);
    for (let n = 0; n < 3; n += 1) statistics.accepted();
    statistics.echoed(4000);
    statistics.echoed(96);

    assert.is(
      statistics.summary(100.5),
      '3 connections, 2 messages, 4,096 bytes in 0.5 s: 4 messages/s',
    );
  });

  it('uses the singular for one', () => {
    const statistics = new Statistics(0);
    statistics.accepted();
    statistics.echoed(1);

    assert.is(statistics.summary(2), '1 connection, 1 message, 1 byte in 2.0 s: 1 messages/s');
  });

  it('has no rate if no time has passed', () => {
    assert.match(new Statistics(7).summary(7), /in 0\.0 s: 0 messages\/s$/);
  });
});

behaviour('counted', (it) => {
  it('separates thousands', () => {
    assert.is(counted(2_000_000, 'connection'), '2,000,000 connections');
  });
});
