// The runtimes on which the library is tried, from npm. They are installed under node_modules.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { root } from './ready.mjs';

const system = `${process.platform.replace('win32', 'win')}-${process.arch}`;
/** For each, its package, its executable, and the arguments before the name of a file. */
export const RUNTIMES = {
  'Node 20': [`node-${system}@20`, 'bin/node'],
  'Node 22': [`node-${system}@22`, 'bin/node'],
  'Node 24': [`node-${system}@24`, 'bin/node'],
  'Node 26': [`node-${system}@26`, 'bin/node'],
  Bun: ['@oven/bun-linux-x64', 'bin/bun'],
  Deno: ['@deno/linux-x64-glibc', 'deno', 'run', '-A'],
};
/** The pauses between attempts to install: the registry may be unreachable for a moment. */
const PAUSES_MS = (process.env.MATRIX_PAUSES ?? '5000,20000').split(',').map(Number);

/** Installs a runtime; returns the command that runs a file. Throws npm's error message. */
export function installed(name) {
  const [wanted, file, ...args] = RUNTIMES[name];
  const folder = path.join(root, 'node_modules', '.cache', 'runtimes', name.replace(' ', '-'));
  mkdirSync(folder, { recursive: true });
  const flags = ['--prefix', folder, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund'];
  flags.push('--fetch-retries=0', '--loglevel=error');
  for (let attempt = 0; ; attempt += 1) {
    const npm = spawnSync('npm', ['install', ...flags, wanted], {
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    if (npm.status === 0) break;
    const pause = PAUSES_MS[attempt];
    if (pause === undefined)
      throw new Error(
        `npm could not install ${name} (${wanted}), tried ${attempt + 1} times:\n` +
          `${npm.error ?? npm.stderr}`,
      );
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
  }
  const directory = path.join(folder, 'node_modules', wanted.replace(/(.)@.*/, '$1'));
  return [path.join(directory, file), ...args];
}
