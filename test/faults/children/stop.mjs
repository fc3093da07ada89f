// Sends a process a signal, when it is told to by SIGUSR2 itself, and looks at its accounts until it is gone;
// then says what it saw. It does nothing else, so that it is prompt. Plain Node.
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { sampleOf } from './accounts.mjs';

const pid = Number(process.argv[2]);
const signal = process.argv[3];

/** Milliseconds between two looks. */
const EVERY_MS = 3;

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
const samples = [sampleOf(pid)];
process.kill(pid, signal);
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  try {
    if (isGone()) break;
    samples.push(sampleOf(pid));
  } catch {
    break;
  }
}
const { at, watcher } = sampleOf(process.pid);
samples.push({ ...samples.at(-1), at, watcher });
console.log(JSON.stringify(samples));
