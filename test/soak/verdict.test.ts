import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { flat, type Sample } from './verdict.ts';

/** So many samples, each made of its number. */
function samples(count: number, make: (n: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: count }, (_, n) => ({ rss: 100e6, descriptors: 30, ...make(n) }));
}

behaviour('flat', (it) => {
  it('passes a server that stays as it is, whatever its start was like', () => {
    const { passed, reasons } = flat(
      samples(40, (n) => (n < 10 ? { rss: 60e6, descriptors: 4 } : { descriptors: 30 + (n % 3) })),
    );

    assert.ok(passed);
    assert.match(String(reasons[0]), /^memory: 100\.0 MB in the second quarter, 100\.0 MB in the/);
    assert.match(String(reasons[1]), /^descriptors: 31 in the second quarter, 31 in the last/);
  });

  it('fails a server whose memory grows', () => {
    assert.not(flat(samples(40, (n) => ({ rss: (100 + n / 3) * 1e6 }))).passed);
    assert.ok(flat(samples(40, (n) => ({ rss: (100 - n / 3) * 1e6 }))).passed);
  });

  it('fails a server whose descriptors become more, or fewer', () => {
    assert.not(flat(samples(40, (n) => ({ descriptors: 30 + Math.floor(n / 5) }))).passed);
    assert.not(flat(samples(40, (n) => ({ descriptors: 30 - Math.floor(n / 5) }))).passed);
  });

  it('fails when there is too little to go by', () => {
    assert.not(flat(samples(7, () => ({}))).passed);
  });
});
