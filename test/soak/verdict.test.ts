import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { type Sample, verdicts } from './verdict.ts';

const AT_REST = { descriptors: 20, tasks: 8 };

/** So many samples, with 1,000 clients between two of them, each made of its number. */
function samples(count: number, make: (n: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: count }, (_, n) => ({
    ...AT_REST,
    connects: n * 1000,
    used: 30e6,
    rss: 100e6,
    ...make(n),
  }));
}

/** Which of the verdicts are bad: of the memory in use and occupied, the descriptors, the tasks. */
function bad(all: readonly Sample[]): number[] {
  return verdicts(all, AT_REST).flatMap(({ passed }, n) => (passed ? [] : [n]));
}

behaviour('the verdict of a soak', (it) => {
  it('is good for a server that stays as it is, whatever its start was like', () => {
    assert.equal(bad(samples(12, (n) => (n < 3 ? { used: n * 9e6, rss: n * 40e6 } : {}))), []);
  });

  it('is bad for one of which each client takes memory', () => {
    assert.equal(bad(samples(12, (n) => ({ used: 30e6 + n * 150e3 }))), [0]);
  });

  it('does not mind memory that comes and goes', () => {
    const noise = [0, 9e5, -4e5, 7e5, 1e5, -8e5];

    assert.equal(bad(samples(12, (n) => ({ used: 30e6 + (noise[n % 6] as number) }))), []);
  });

  it('is bad for one that occupies more and more', () => {
    assert.equal(bad(samples(12, (n) => ({ rss: 100e6 + n * 2e6 }))), [1]);
  });

  it('is bad for one that ever has one descriptor more, or one task', () => {
    assert.equal(bad(samples(12, (n) => (n === 5 ? { descriptors: 21 } : {}))), [2]);
    assert.equal(bad(samples(12, (n) => (n === 11 ? { tasks: 9 } : {}))), [3]);
  });

  it('is bad when there is too little to go by', () => {
    assert.equal(bad(samples(6, () => ({}))), []);
    assert.equal(bad(samples(5, () => ({}))), [0]);
    assert.equal(bad(samples(1, () => ({ descriptors: 21 }))), [0, 1]);
  });
});
