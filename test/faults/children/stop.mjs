// Sends a process a signal, when it is told to by SIGUSR2 itself, and looks at its accounts until it is gone;
// then says what it saw. It does nothing else, so that it is prompt. Plain Node. The accounts are Linux's;
// elsewhere nobody ever ran, or was starved.
import { readdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';

const pid = Number(process.argv[2]);
const signal = process.argv[3];

/** Milliseconds between two looks. */
const EVERY_MS = 3;

/** How long a thread ran, and how long it was ready to run while others ran, in ms. */
function accounts(path) {
  if (platform() !== 'linux') return [0, 0];
  const [ran, starved] = readFileSync(path, 'utf8').split(' ');
  return [Number(ran) / 1e6, Number(starved) / 1e6];
}

/** When this is, what the main thread had, and how long its other threads and this process were starved. */
function sample() {
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
  return { at, ran, starved, others, watcher: accounts('/proc/self/schedstat')[1] };
}

function isGone() {
  try {
    if (platform() !== 'linux') return !process.kill(pid, 0);
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/, ''));
  } catch {
    return true;
  }
}

await new Promise((resolve) => {
  const alive = setInterval(() => {}, 1000);
  process.once('SIGUSR2', () => {
    clearInterval(alive);
    resolve();
  });
  console.log('ready');
});
const samples = [sample()];
process.kill(pid, signal);
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  try {
    if (isGone()) break;
    samples.push(sample());
  } catch {
    break;
  }
}
const [, watcher] = accounts('/proc/self/schedstat');
const at = performance.timeOrigin + performance.now();
samples.push({ ...samples.at(-1), at, watcher });
console.log(JSON.stringify(samples));
