// npm test [-- PATTERN]: the whole suite, in two processes side by side, or the files whose path matches. With
// --slow, the slow tests; with --faults, those of them that break things on purpose, at more moments.
import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ready.mjs';

ensureInstalled();
ensureBuilt(); // examples and the command are tested as users get them

// A version manager's `python3` is a script that takes several times as long to start as Python itself.
const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
});
if (python.status === 0)
  process.env.PATH = `${path.dirname(python.stdout.trim())}${path.delimiter}${process.env.PATH}`;

const args = process.argv.slice(2).filter((arg) => arg !== '--slow' && arg !== '--faults');
const slow = process.argv.includes('--slow');
if (process.argv.includes('--faults')) {
  args.push('(?:faults/|sock/threads)');
  process.env.MOMENTS ??= '200';
  process.env.WORKERS ??= '200';
}
const files = `${args.map((pattern) => `(?=.*(?:${pattern}))`).join('')}.*`;

/** What mostly waits for programs of its own: it runs beside all others. Random programs are at work. */
const WAITING = '(?:parity/(?!random)|echo/|faults/|bench/|inspect/|examples/enter)';

/** Runs the files that match; `beside`: shows what it says at its end, all at once. */
function run(pattern, beside = false) {
  // It loads behaviour.ts first, so that a run without a single test fails as well.
  const args = ['--import', './test/support/preload.mjs'];
  args.push('node_modules/uvu/bin.js', 'test', pattern, ...(slow ? [] : ['-i', '\\.slow\\.']));
  const output = beside ? ['ignore', 'pipe', 'pipe'] : 'inherit';
  const child = spawn(process.execPath, args, { cwd: root, stdio: output });
  const said = [];
  child.stdout?.on('data', (data) => said.push(data));
  child.stderr?.on('data', (data) => said.push(data));
  return new Promise((resolve) => {
    child.once('close', (status, signal) => {
      if (signal) said.push(Buffer.from(`the tests were ended by ${signal}\n`));
      resolve({ status: status ?? 1, said: Buffer.concat(said) });
    });
  });
}

const ending = slow ? '\\.slow\\.test\\.ts$' : '\\.test\\.ts$';
const runs =
  slow || args.length > 0
    ? [() => run(`^${files}${ending}`)]
    : [() => run(`^(?!${WAITING}).*${ending}`), () => run(`^${WAITING}.*${ending}`, true)];

// Where nobody waits for it, one after the other: a busy machine is a slow one.
const together = availableParallelism() > 1 && !process.env.CI;
const begun = together ? runs.map((begin) => begin()) : runs;
for (const outcome of begun) {
  const { status, said } = await (together ? outcome : outcome());
  process.stdout.write(said);
  if (status !== 0) process.exitCode = status;
}
