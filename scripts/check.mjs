// npm run check [-- --package]: all that can be said of the code without running it. The checks
// run side by side, each prints what it has to say when it ends, and the worst of them decides.
// With --package, the checks of the packed package instead, which need a build.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ready.mjs';

const code = {
  biome: ['biome', 'ci', '--error-on-warnings'],
  'types of src': ['tsc', '--noEmit'],
  'types of the rest': ['tsc', '-p', 'tsconfig.check.json'],
  'unused code': ['knip', '--no-progress'],
  book: ['tsx', 'scripts/book.ts', '--check'],
  documentation: ['typedoc', '--emit', 'none', '--treatWarningsAsErrors', '--logLevel', 'Warn'],
};
const pack = {
  publint: ['publint', '--strict'],
  'are the types wrong': ['attw', '--pack', '.', '--profile', 'esm-only', '--no-color'],
};

ensureInstalled();
const asked = process.argv.includes('--package') ? pack : code;
if (asked === pack) ensureBuilt();
const statuses = await Promise.all(Object.entries(asked).map(check));
process.exitCode = Math.max(...statuses);

/** Runs one check; answers 0 if it passed and 1 if not. */
function check([name, [tool, ...args]]) {
  const bin = path.join(root, 'node_modules', '.bin', tool);
  const child = spawn(bin, args, { cwd: root, shell: process.platform === 'win32' });
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
