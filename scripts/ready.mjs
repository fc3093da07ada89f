// Prepares a fresh clone to run; takes a few milliseconds if there is nothing to do. Uses only
// Node, because nothing may be installed yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { importedInternals, mentionedMembers } from './internals.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const inRoot = (...names) => path.join(root, ...names);

/** Installs the packages of the lock file, unless they are installed. */
export function ensureInstalled() {
  if (isInstalled()) return;
  const npm = process.env.npm_execpath;
  const command = npm ? [process.execPath, npm] : ['npm'];
  console.error('installing the development dependencies (npm ci)');
  run([...command, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** Builds dist, unless it was built from the current src. */
export function ensureBuilt() {
  const source = sourceHash();
  if (text(inRoot('dist', '.built-from')) !== source) build(source);
}

/**
 * Builds dist from src, and dist-src, through which tests import it. Builds in another folder first, so that a
 * program that starts meanwhile finds a complete build.
 */
export function build(source = sourceHash()) {
  const made = ['dist', 'dist-src'].map((name) => [inRoot(name), inRoot(`${name}-${process.pid}`)]);
  console.error('building dist');
  const remove = () => {
    for (const [, next] of made) rmSync(next, { recursive: true, force: true });
  };
  process.once('exit', remove);
  const folders = made.map(([, next]) => next);
  run([process.execPath, inRoot('scripts', 'bundle.mjs'), ...folders]);
  writeFileSync(path.join(folders[0], '.built-from'), source);
  for (const [name, next] of made) {
    rmSync(name, { recursive: true, force: true });
    renameSync(next, name);
  }
  process.off('exit', remove);
}

/** Adds references to source maps to the files of dist, which then no longer counts as built. */
export function referToMaps() {
  rmSync(inRoot('dist', '.built-from'));
  for (const name of readdirSync(inRoot('dist')).filter((name) => name.endsWith('.js')))
    appendFileSync(inRoot('dist', name), `//# sourceMappingURL=${name}.map\n`);
}

/** Compares the lock file with the one that npm leaves in node_modules after an install. */
function isInstalled() {
  const wanted = packages(inRoot('package-lock.json'));
  const found = packages(inRoot('node_modules', '.package-lock.json'));
  if (!wanted || !found) return false;
  // Packages for other platforms are listed but never installed; all others must match.
  const asWanted = (name) =>
    found[name] ? found[name].integrity === wanted[name].integrity : wanted[name].optional;
  return Object.keys(wanted).every((name) => name === '' || asWanted(name));
}

function packages(lockFile) {
  const json = text(lockFile);
  return json === undefined ? undefined : JSON.parse(json).packages;
}

/** A hash of everything that the build depends on. */
function sourceHash() {
  const sources = readdirSync(inRoot('src'), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join('src', name));
  const hash = createHash('sha256');
  const makers = [
    'bundle',
    'chunks',
    'declare',
    'declared-comments',
    'function-names',
    'hide-internal',
    'internals',
    'minify',
    'private-names',
    'source-maps',
    'sources',
  ];
  const scripts = makers.map((name) => `scripts/${name}.mjs`);
  const made = ['package-lock.json', 'tsconfig.json', ...scripts, ...sources.sort()];
  for (const name of made) hash.update(`${name}\0${text(inRoot(name))}\0`);
  hash.update(JSON.stringify([importedInternals(root), mentionedMembers(root)]));
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
export function run([command, ...args]) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
