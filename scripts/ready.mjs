// Makes a fresh clone ready to run, and costs a few milliseconds where there is nothing to do.
// It knows Node alone: when it runs, nothing may be installed yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chain } from './doors.mjs';
import { hideInternal } from './hide-internal.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const inRoot = (...names) => path.join(root, ...names);

/** Installs what the lock file names, unless that is what is installed. */
export function ensureInstalled() {
  if (isInstalled()) return;
  const npm = process.env.npm_execpath;
  const command = npm ? [process.execPath, npm] : ['npm'];
  console.error('installing the development dependencies (npm ci)');
  run([...command, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** Compiles src to dist, unless dist was made from this src. */
export function ensureBuilt() {
  const source = sourceHash();
  if (text(inRoot('dist', '.built-from')) !== source) build(source);
}

/** Compiles src to dist: aside first, so that a program that starts meanwhile finds a whole one. */
export function build(source = sourceHash()) {
  const tsc = createRequire(inRoot('package.json')).resolve('typescript/bin/tsc');
  const next = inRoot(`dist-${process.pid}`);
  console.error('building dist');
  const remove = () => rmSync(next, { recursive: true, force: true });
  process.once('exit', remove);
  run([process.execPath, tsc, '--outDir', next]);
  for (const door of ['index', 'testing']) chain(next, door);
  hideInternal(next);
  if (text(path.join(next, 'cli.js')) !== undefined) chmodSync(path.join(next, 'cli.js'), 0o755);
  writeFileSync(path.join(next, '.built-from'), source);
  rmSync(inRoot('dist'), { recursive: true, force: true });
  renameSync(next, inRoot('dist'));
  process.off('exit', remove);
}

/** Compares the lock file with the one that npm leaves in node_modules after every install. */
function isInstalled() {
  const wanted = packages(inRoot('package-lock.json'));
  const found = packages(inRoot('node_modules', '.package-lock.json'));
  if (!wanted || !found) return false;
  // What is made for another platform is wanted but never found; all else must agree.
  const asWanted = (name) =>
    found[name] ? found[name].integrity === wanted[name].integrity : wanted[name].optional;
  return Object.keys(wanted).every((name) => name === '' || asWanted(name));
}

function packages(lockFile) {
  const json = text(lockFile);
  return json === undefined ? undefined : JSON.parse(json).packages;
}

/** A hash of all that the build is made from. */
function sourceHash() {
  const sources = readdirSync(inRoot('src'), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join('src', name));
  const hash = createHash('sha256');
  const scripts = ['scripts/doors.mjs', 'scripts/hide-internal.mjs'];
  const made = ['package-lock.json', 'tsconfig.json', ...scripts, ...sources.sort()];
  for (const name of made) hash.update(`${name}\0${text(inRoot(name))}\0`);
  return hash.digest('hex');
}

function text(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Runs a command in the project; if it fails, so does this process. Its output goes to stderr. */
function run([command, ...args]) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
