import * as assert from 'uvu/assert';
import type { ServerFigure } from '../../bench/figures.ts';
import { ratiosOf } from '../../bench/history.ts';
import { microTable, serverTable } from '../../bench/tables.ts';
import { behaviour } from '../support/behaviour.ts';

/** A figure of 1,000 messages in a second, at `cpu` µs each. */
function figure(server: string, round: number, cpu: number, load = '10x1000'): ServerFigure {
  const messages = 1000;
  const times = { seconds: 1, serverCpu: (cpu * messages) / 1e6, clientCpu: 0.25, others: 0 };
  return { server, round, load, messages, ...times, p50: 40e-6, p99: 1234e-6 };
}

const load = { kind: 'echo', connections: 10, size: 1000 } as const;

behaviour('the table of a load', (it) => {
  it('has a line for each server, with the medians of its rounds', () => {
    const figures = [3, 1, 2].map((cpu, n) => figure('node:net', n + 1, cpu));

    assert.is(
      serverTable(load, figures),
      `
10 connections, 1,000 bytes  messages/s  CPU µs/message       of node:net  of C epoll  p50 µs  p99 µs  server busy  client busy
${'─'.repeat(127)}
node:net                          1,000            2.00  1.00 (1.00–1.00)           –      40   1,234          0 %         25 %
`.trim(),
    );
  });

  it('compares with the yardstick round by round, so that a slow round slows both', () => {
    const others = [10, 20, 30].map((cpu, n) => figure('node:net', n + 1, cpu));
    const ours = [5, 20, 3].map((cpu, n) => figure('asyncio-ts node', n + 1, cpu));

    const [, , line] = serverTable(load, [...ours, ...others]).split('\n');

    assert.match(line ?? '', /^asyncio-ts node +1,000 +5\.00 +0\.50 \(0\.10–1\.00\) /);
  });

  it('leaves other loads out, and marks what is not known', () => {
    const figures = [figure('node:net', 1, 2), figure('node:net', 1, Number.NaN, 'accept')];

    const table = serverTable({ kind: 'accept' }, figures);

    assert.match(table, /^connect, 1,000 bytes, close .*accepts\/s/);
    assert.match(table, /\nnode:net +1,000 +– +– +– +40 +1,234 +– +25 %$/);
  });

  it('has the bytes of an idle connection', () => {
    const figures = [{ ...figure('C epoll', 1, 2, 'idle'), idleBytes: 48.4 }];

    const table = serverTable({ kind: 'idle', connections: 9000 }, figures);

    assert.match(table, /^1 connection among 9,000 idle +bytes\/idle/);
    assert.match(table, /\nC epoll +48 +1,000 +2\.00 +40 +1,234$/);
  });
});

behaviour('the table of what the loop costs', (it) => {
  it('has a column for each program and no row for what none can do', () => {
    const micro = [
      { round: 1, program: 'asyncio-ts', costs: { callSoon: 0.5 } },
      { round: 2, program: 'asyncio-ts', costs: { callSoon: 0.7 } },
      { round: 1, program: 'CPython', costs: { callSoon: 1.25, queue: 9 } },
    ];

    assert.is(
      microTable({ servers: [], micro, leftOut: [] }),
      `
CPU µs                  asyncio-ts  CPython
───────────────────────────────────────────
callSoon()                    0.60     1.25
queue item handed over           –     9.00
`.trim(),
    );
  });
});

behaviour('the ratios of a server on another Node', (it) => {
  it('are to node:net on that Node', () => {
    const figures = [
      figure('node:net', 1, 10),
      figure('node:net (26)', 1, 5),
      figure('C epoll', 1, 1),
      figure('asyncio-ts posix (26)', 1, 5),
    ];

    const line = serverTable(load, figures).split('\n').at(-1);

    assert.match(line ?? '', /^asyncio-ts posix \(26\) +1,000 +5\.00 +1\.00 +5\.00 /);
    assert.equal(
      ratiosOf({ servers: figures, micro: [], leftOut: [] })['10x1000']?.['asyncio-ts posix (26)'],
      {
        'of node:net': [1, 1, 1],
        'of C epoll': [5, 5, 5],
      },
    );
  });
});
