// npm run check [-- --package | --speed]: all checks that do not run the code. They run in parallel,
// and each prints its output when it ends. With --package, it checks the packed package instead,
// which needs a build; with --speed, it checks how fast that is.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { usersProject } from './packed.mjs';
import { ensureBuilt, ensureInstalled, root } from './ready.mjs';

const code = {
  biome: ['biome', 'ci', '--error-on-warnings'],
  'types of src': ['typescript', '--noEmit'],
  'types of the rest': ['typescript', '-p', 'tsconfig.check.json'],
  'unused code': ['knip', '--no-progress'],
  'examples in docstrings': ['node', 'scripts/examples.mjs'],
  links: ['node', 'scripts/links.mjs'],
  book: ['tsx', 'scripts/book.ts', '--check'],
  'table of names': ['tsx', 'scripts/names.ts', '--check'],
  documentation: ['typedoc', '--emit', 'none', '--treatWarningsAsErrors', '--logLevel', 'Warn'],
};
const pack = {
  publint: ['publint', '--strict'],
  'are the types wrong': ['attw', '--pack', '.', '--profile', 'esm-only', '--no-color'],
};
/** The oldest supported TypeScript, the last of each major version, and the newest. */
const compilers = ['typescript-5.4', 'typescript-5.9', 'typescript', 'typescript-7'];

ensureInstalled();
const asked = process.argv.includes('--package')
  ? { ...pack, ...typesForUsers() }
  : process.argv.includes('--speed')
    ? { speed: ['node', 'scripts/speed.mjs'] }
    : code;
const statuses = await Promise.all(Object.entries(asked).map(check));
process.exitCode = Math.max(...statuses);

/** A check of the packed types for each compiler, and each way of resolving modules. */
function typesForUsers() {
  ensureBuilt();
  const projects = Object.entries(usersProject());
  const checks = compilers.flatMap((compiler) =>
    projects.map(([resolution, project]) => [
      `types for users, TypeScript ${versionOf(compiler)}, ${resolution}`,
      [compiler, '-p', project],
    ]),
  );
  return Object.fromEntries(checks);
}

function versionOf(name) {
  const file = path.join(root, 'node_modules', name, 'package.json');
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

/**
 * The command of a tool. Several compilers are installed, and only one of them can be `.bin/tsc`.
 */
function commandOf(tool) {
  const modules = path.join(root, 'node_modules');
  if (tool === 'node') return [process.execPath];
  return tool.startsWith('typescript')
    ? [process.execPath, path.join(modules, tool, 'bin', 'tsc')]
    : [path.join(modules, '.bin', tool)];
}

/** Runs one check; returns 0 if it passed, otherwise 1. */
function check([name, [tool, ...args]]) {
  const [command, ...before] = commandOf(tool);
  const shell = process.platform === 'win32' && before.length === 0;
  const child = spawn(command, [...before, ...args], { cwd: root, shell });
  const said = [];
  child.stdout.on('data', (chunk) => said.push(chunk));
  child.stderr.on('data', (chunk) => said.push(chunk));
  const start = performance.now();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
      if (status !== 0) process.stdout.write(Buffer.concat(said));
      resolve(status === 0 ? 0 : 1);
    });
  });
}
