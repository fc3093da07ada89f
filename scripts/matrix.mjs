// npm run matrix [-- [--tests] [RUNTIME...]]: tries the library on each runtime, and writes the table of
// docs/runtimes.md. With arguments, tries only those, and compares the results with the table. With --tests, also
// runs the tests: all on Node 24, most on the others.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ready.mjs';
import { installed, RUNTIMES } from './runtimes.mjs';

ensureInstalled();
ensureBuilt();

const PROGRAM = path.join(root, 'scripts', 'on-runtime.mjs');
const PAGE = path.join(root, 'docs', 'runtimes.md');
/** The Node on which all tests run. */
const MAIN = 'Node 24';
/** What runs on the others. */
const ROOMS = '^(core|tasks|sync|sock|loop|transports|streams|threads|runners|cli|simulation)/';
/** The time limit of one runtime for the table, and of one Node for the tests. */
const TRY_MS = 120_000;
const TESTS_MS = 20 * 60_000;

const args = process.argv.slice(2);
const named = args.filter((arg) => arg !== '--tests');
const unknown = named.filter((name) => !Object.hasOwn(RUNTIMES, name));
if (unknown.length > 0) {
  const known = Object.keys(RUNTIMES).join(', ');
  console.error(`unknown runtime: ${unknown.join(', ')}; expected some of ${known}`);
  process.exit(2);
}

const page = readFileSync(PAGE, 'utf8');
const names = named.length > 0 ? named : Object.keys(RUNTIMES);
/** By feature, and then by runtime. */
const table = new Map();
for (const name of names) {
  const command = attempt(() => installed(name));
  if (command === undefined) continue;
  tryFeatures(name, command);
  if (args.includes('--tests') && name.startsWith('Node')) runTests(name, command);
}
if (named.length > 0) compare();
else if (process.exitCode === undefined) writeFileSync(PAGE, page.replace(tableOf(page), shown()));

function tryFeatures(name, [program, ...before]) {
  const { stdout, stderr, status, signal, error } = spawnSync(program, [...before, PROGRAM], {
    encoding: 'utf8',
    timeout: TRY_MS,
  });
  if (status !== 0) {
    fails(`${name}: ${error?.message ?? `ended with ${signal ?? status}`}\n${stdout}${stderr}`);
    return;
  }
  for (const line of stdout.trim().split('\n')) {
    const [feature, outcome] = line.split('\t');
    table.set(feature, { ...table.get(feature), [name]: outcome === 'passes' ? 'yes' : 'no' });
    if (outcome !== 'passes') console.log(`${name}: ${feature}: ${outcome}`);
  }
}

function runTests(name, [program]) {
  const begin = performance.now();
  const patterns = name === MAIN ? [] : [ROOMS];
  const { stdout, stderr, status, error } = spawnSync(program, ['scripts/test.mjs', ...patterns], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    timeout: TESTS_MS,
  });
  const seconds = ((performance.now() - begin) / 1000).toFixed(0);
  const last = stdout.trim().split('\n').at(-1);
  console.log(`${name}: ${last} (${seconds} s)`);
  if (status !== 0)
    fails(`${stdout}${stderr}${name}: the tests failed (${error?.message ?? last})`);
}

/** Compares the results with the table on the page. */
function compare() {
  const [heads, , ...rows] = tableOf(page)
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const onPage = new Map(rows.map((row) => [row[0], row]));
  for (const feature of new Set([...onPage.keys(), ...table.keys()]))
    for (const [name, outcome] of Object.entries(table.get(feature) ?? {})) {
      const said = onPage.get(feature)?.[heads.indexOf(name)];
      if (said !== outcome)
        fails(`docs/runtimes.md says ${said} for ${feature} on ${name}, seen: ${outcome}`);
    }
}

function shown() {
  const rows = Array.from(table, ([feature, outcomes]) => [
    feature,
    ...names.map((name) => outcomes[name] ?? 'no'),
  ]);
  return [['', ...names], ['---', ...names.map(() => '---')], ...rows]
    .map((row) => `| ${row.join(' | ')} |`.replace('|  |', '| |'))
    .join('\n');
}

function tableOf(text) {
  return /^\|.*\|$(?:\n\|.*\|$)*/m.exec(text)[0];
}

function attempt(act) {
  try {
    return act();
  } catch (error) {
    fails(error.message);
    return undefined;
  }
}

function fails(text) {
  console.error(text);
  process.exitCode = 1;
}
