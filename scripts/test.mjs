// npm test [-- PATTERN]: the whole suite, or the files whose path matches. With --slow, the slow tests.
import { spawnSync } from 'node:child_process';
import { ensureBuilt, ensureInstalled, root } from './ready.mjs';

ensureInstalled();
ensureBuilt(); // examples and the command are tested as users get them

const args = process.argv.slice(2).filter((arg) => arg !== '--slow');
const slow = process.argv.includes('--slow');
const files = `${args.map((pattern) => `(?=.*${pattern})`).join('')}.*`;

// behaviour.ts comes first, so that a run without a single test fails as well.
const { status, signal } = spawnSync(
  process.execPath,
  [
    ...['--import', 'tsx', '--import', './test/support/behaviour.ts', 'node_modules/uvu/bin.js'],
    ...['test', slow ? `^${files}\\.slow\\.test\\.ts$` : `^${files}\\.test\\.ts$`],
    ...(slow ? [] : ['-i', '\\.slow\\.']),
  ],
  { cwd: root, stdio: 'inherit' },
);
if (signal) console.error(`the tests were ended by ${signal}`);
process.exitCode = status ?? 1;
