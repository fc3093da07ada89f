import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { busyTime, cpuTime, residentBytes } from '../../bench/process-figures.ts';
import { behaviour } from '../support/behaviour.ts';

const hasProc = existsSync('/proc/self/task');

/** Keeps the processor busy until this process has used so many seconds of it. */
function work(seconds: number): void {
  const until = process.cpuUsage().user + seconds * 1e6;
  while (process.cpuUsage().user < until);
}

behaviour('cpuTime', (it) => {
  const agrees = 'agrees with what the process is told itself';
  const scenario = (): void => {
    work(0.1);
    const { user, system } = process.cpuUsage();

    const difference = cpuTime(process.pid) - (user + system) / 1e6;

    // The scheduler brings the figure of a thread that runs up to date once a tick.
    assert.ok(Math.abs(difference) < 0.05, `${difference} s`);
  };
  if (hasProc) it(agrees, scenario);
  else it.skip(agrees, 'there is no /proc', scenario);

  it('is not a number when there is no such process', () => {
    assert.ok(Number.isNaN(cpuTime(2 ** 30)));
  });
});

behaviour('busyTime', (it) => {
  const grows = 'grows at least by what this process uses';
  const scenario = (): void => {
    const before = busyTime();
    work(0.1);

    // It is counted in ticks of 10 ms.
    assert.ok(busyTime() - before > 0.05);
  };
  if (hasProc) it(grows, scenario);
  else it.skip(grows, 'there is no /proc', scenario);
});

behaviour('residentBytes', (it) => {
  const grows = 'grows by what the process fills';
  const scenario = (): void => {
    const before = residentBytes(process.pid);
    // Above 32 MB, malloc always takes memory from the system, and none that is there already.
    const filled = Buffer.alloc(48_000_000, 1);

    const grown = residentBytes(process.pid) - before;

    assert.ok(Math.abs(grown / filled.length - 1) < 0.5, `${grown} bytes`);
  };
  if (hasProc) it(grows, scenario);
  else it.skip(grows, 'there is no /proc', scenario);
});
