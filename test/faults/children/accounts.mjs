// What Linux knows of a process: how long it ran, and how long it was ready to run while others ran. As
// test/support/cpu.ts, for children in plain Node; elsewhere nobody ever ran, or was starved.
import { readdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';

/** How long a thread ran, and was starved, in ms. */
function accounts(path) {
  if (platform() !== 'linux') return [0, 0];
  const [ran, starved] = readFileSync(path, 'utf8').split(' ');
  return [Number(ran) / 1e6, Number(starved) / 1e6];
}

/** A `Sample` of test/support/cpu.ts. */
export function sampleOf(pid) {
  const at = performance.timeOrigin + performance.now();
  const [ran, starved] = accounts(`/proc/${pid}/schedstat`);
  let others = 0;
  for (const thread of platform() === 'linux' ? readdirSync(`/proc/${pid}/task`) : []) {
    if (thread === String(pid)) continue;
    try {
      others += accounts(`/proc/${pid}/task/${thread}/schedstat`)[1];
    } catch {
      // It is gone.
    }
  }
  const [, watcher] = accounts('/proc/self/schedstat');
  return { at, ran, starved, others, watcher };
}

/** How many milliseconds the machine took for others between two samples. */
export function delayed(before, now) {
  const starved = ['starved', 'others', 'watcher'].map((who) =>
    Math.max(0, now[who] - before[who]),
  );
  const most = now.at - before.at - (now.ran - before.ran);
  return Math.max(0, Math.min(most, starved[0] + starved[1] + starved[2]));
}
