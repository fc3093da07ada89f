import * as assert from 'uvu/assert';
import type { ServerFigure } from '../../bench/figures.ts';
import { drawn, picture } from '../../bench/picture.ts';
import { behaviour } from '../support/behaviour.ts';

const load = { kind: 'echo', connections: 100, size: 1000 } as const;

function figure(server: string, cpu: number, name = '100x1000'): ServerFigure {
  const times = { seconds: 1, serverCpu: cpu / 1e6, clientCpu: 0, others: 0 };
  return { server, round: 1, load: name, messages: 1, ...times, p50: 0, p99: 0 };
}

behaviour('the picture', (it) => {
  it('has a bar for each server, as long as its cost, the least first', () => {
    const figures = [figure('slow', 20), figure('fast', 5), figure('slow', 1, '1x1000')];

    const svg = picture([load], figures, ['here'], (name) => (name === 'fast' ? 'ours' : 'other'));

    const bars = [...svg.matchAll(/class="(\w+)" x="\d+" y="[\d.]+" width="([\d.]+)"/g)];
    assert.equal(
      bars.map(([, role]) => role),
      ['ours', 'other'],
    );
    assert.is(Number(bars[1]?.[2]) / Number(bars[0]?.[2]), 4);
    assert.ok(Number(bars[1]?.[2]) < 600, 'the longest has room for its figure');
    assert.match(svg, />5\.0</);
    assert.match(svg, />20\.0</);
  });

  it('has room for the longest name', () => {
    const long = 'a'.repeat(40);

    const svg = picture([load], [figure(long, 5), figure('short', 4)], [], () => 'other');

    const [, end, anchor] = /<text x="(\d+)"[^>]*text-anchor="(\w+)">a+</.exec(svg) ?? [];
    assert.is(anchor, 'end');
    assert.ok(Number(end) > long.length * 6.5, `it ends at ${end}`);
  });

  it('keeps what it writes from being read as tags', () => {
    const svg = picture([load], [figure('a<b>&', 1)], ['<x>'], () => 'other');

    assert.match(svg, '>a&lt;b&gt;&amp;<');
    assert.match(svg, '>&lt;x&gt;<');
  });

  it('leaves out what has no processor time', () => {
    const svg = picture([load], [figure('known', 1), figure('?', Number.NaN)], [], () => 'other');

    assert.not.match(svg, '>?<');
    assert.not.match(svg, 'NaN');
  });

  it('is of both goals if they were measured, else of the first load of messages', () => {
    const one = { kind: 'echo', connections: 1, size: 1000 } as const;

    const large = { kind: 'echo', connections: 10, size: 100_000 } as const;

    assert.equal(drawn([one, load, large]), [load, large]);
    assert.equal(drawn([{ kind: 'accept' }, one]), [one]);
    assert.equal(drawn([{ kind: 'accept' }]), []);
  });
});
