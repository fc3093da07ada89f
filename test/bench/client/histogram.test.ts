import * as assert from 'uvu/assert';
import { Histogram } from '../../../bench/client/histogram.ts';
import { behaviour } from '../../support/behaviour.ts';

behaviour('Histogram.quantile', (it) => {
  it('answers what sorting all latencies would, to within 3 %', () => {
    // From a microsecond to a minute: each is 1.7 % longer than the one before.
    const latencies = Array.from({ length: 1060 }, (_, n) => 0.001 * 1.017 ** n);
    const histogram = new Histogram();
    for (const ms of latencies.toReversed()) histogram.add(ms);

    for (const share of [0.01, 0.25, 0.5, 0.9, 0.99, 1]) {
      const exact = latencies[Math.ceil(share * latencies.length) - 1] as number;
      const ratio = (histogram.quantile(share) * 1000) / exact;
      assert.ok(Math.abs(ratio - 1) < 0.03, `${share}: ${ratio} of ${exact} ms`);
    }
  });

  it('does not let one late message among a hundred into the 99th percentile', () => {
    const histogram = new Histogram();
    for (let n = 0; n < 99; n += 1) histogram.add(1);
    histogram.add(1000);

    assert.ok(histogram.quantile(0.99) < 0.002);
    assert.ok(histogram.quantile(1) > 0.9);
  });

  it('counts zero, and what is longer than a minute', () => {
    const histogram = new Histogram();
    histogram.add(0);
    histogram.add(120_000);

    assert.ok(histogram.quantile(0.5) < 1e-7);
    assert.ok(histogram.quantile(1) > 116);
  });

  it('is not a number when there is nothing, or nothing any more', () => {
    const histogram = new Histogram();
    histogram.add(1);
    histogram.clear();

    assert.ok(Number.isNaN(histogram.quantile(0.5)));
  });
});
