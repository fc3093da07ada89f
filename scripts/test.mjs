// npm test [-- PATTERN]: runs the whole suite in parallel processes, and prints output by directory; or only the
// files whose path matches. With --slow, runs the slow tests; with --faults, those that inject faults, at more
// moments.
import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { makeOnce } from './plain.mjs';
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
// Node 20 reads these certificates at each start, and the tests start it several hundred times. Only slow tests need
// them, to install packages.
if (!slow) delete process.env.NODE_EXTRA_CA_CERTS;
if (process.argv.includes('--faults')) {
  args.push('(?:faults/|sock/threads)');
  process.env.MOMENTS ??= '200';
  process.env.WORKERS ??= '200';
}
const files = `${args.map((pattern) => `(?=.*(?:${pattern}))`).join('')}.*`;

/** Represents directories that are not in {@link ROOMS}. As a pattern, it matches nothing. */
const OTHERS = '(?!)';
/** The directories of each process, the slowest first and short ones last, so that the processes end together. */
const ROOMS = [
  'inspect/',
  '(?:runners|cli|examples)/',
  '(?:core|loop|transports|threads)/',
  'parity/',
  OTHERS,
  '(?:echo|faults|bench)/',
  'sock/',
  'streams/',
  '(?:tasks|sync)/',
];

/** The line above the results of a file, and its directory. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: uvu colours it
const FILE = /^(?:\x1b\[\d+m)*([\w-]+)(?=[/\w.-]*\.test\.ts)/gm;

/** Runs the matching files; `aside`: prints the results of a directory when it is done, and returns the last ones. */
function run(pattern, aside = false) {
  // It loads behaviour.ts first, so that a run without a single test fails as well.
  const args = ['--import', './test/support/preload.mjs'];
  args.push('node_modules/uvu/bin.js', 'test', pattern, ...(slow ? [] : ['-i', '\\.slow\\.']));
  const output = aside ? ['ignore', 'pipe', 'pipe'] : 'inherit';
  const child = spawn(process.execPath, args, { cwd: root, stdio: output });
  let printed = '';
  let room;
  const add = (text) => {
    printed += text;
    if (!text.includes('.test.ts')) return;
    const next = [...printed.matchAll(FILE)].findLast((file) => file[1] !== room);
    if (!next) return;
    room = next[1];
    process.stdout.write(printed.slice(0, next.index));
    printed = printed.slice(next.index);
  };
  child.stdout?.setEncoding('utf8').on('data', add);
  child.stderr?.setEncoding('utf8').on('data', add);
  return new Promise((resolve) => {
    child.once('close', (status, signal) => {
      if (signal) printed += `the tests were ended by ${signal}\n`;
      if (status !== 0) process.exitCode = status ?? 1;
      process.stdout.write(printed);
      resolve(printed);
    });
  });
}

const ending = slow ? '\\.slow\\.test\\.ts$' : '\\.test\\.ts$';

if (slow || args.length > 0) await run(`^${files}${ending}`);
else {
  makeOnce();
  const left = ROOMS.map((rooms) => (rooms === OTHERS ? `(?!${ROOMS.join('|')})` : rooms));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  // Tests often wait for programs that they have started. In CI, where time matters less, the processes run one after the
  // other: tests are more reliable on a machine that does little else.
  const atOnce = process.env.CI ? 1 : availableParallelism() + 1;
  const work = async () => {
    for (let rooms = left.shift(); rooms !== undefined; rooms = left.shift()) {
      const printed = await run(`^${rooms}.*${ending}`, true);
      const last = printed.split('\n').findLast((line) => /^\d+ passed, /.test(line));
      for (const [, count, outcome] of last?.matchAll(/(\d+) (\w+)/g) ?? [])
        counts[outcome] += Number(count);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const { passed, failed, skipped } = counts;
  console.log(`all: ${passed} passed, ${failed} failed, ${skipped} skipped`);
}
