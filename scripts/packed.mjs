// The package as users have it: packed, and installed beside programs that use it.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './ready.mjs';

/** What users' tsconfig.json may contain; everything else has its default. */
const OPTIONS = {
  target: 'es2022',
  types: ['node'],
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  // Off by default, and the point of this check.
  skipLibCheck: false,
};
const RESOLUTIONS = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
};

/**
 * Creates a user's project with the packed package and the programs in test/types/users. It is
 * removed when the process exits.
 *
 * @returns the tsconfig.json for each module resolution
 */
export function usersProject() {
  const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const installed = path.join(folder, 'node_modules');
  mkdirSync(path.join(installed, '@types'), { recursive: true });
  const { name, filename } = pack(folder);
  run('tar', ['-xzf', filename], folder);
  cpSync(path.join(folder, 'package'), path.join(installed, name), { recursive: true });
  symlinkSync(
    path.join(root, 'node_modules', '@types', 'node'),
    path.join(installed, '@types', 'node'),
    'junction',
  );
  const programs = path.join(root, 'test', 'types', 'users');
  cpSync(programs, path.join(folder, 'src'), { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  return Object.fromEntries(
    Object.entries(RESOLUTIONS).map(([resolution, options]) => {
      const file = path.join(folder, `tsconfig.${resolution}.json`);
      const compilerOptions = { ...OPTIONS, ...options };
      writeFileSync(file, JSON.stringify({ compilerOptions, include: ['src'] }));
      return [resolution, file];
    }),
  );
}

/**
 * Packs `dist` as it is, as `npm pack` does.
 *
 * @param {string} [folder] - where the file goes; without it, none is written
 * @returns {{ name: string, filename: string, size: number, entryCount: number, files: { path: string }[] }}
 */
export function pack(folder) {
  const staged = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-staged-'));
  try {
    for (const name of ['package.json', 'LICENSE', 'README.md', 'dist'])
      cpSync(path.join(root, name), path.join(staged, name), { recursive: true });
    run(process.execPath, [path.join(root, 'scripts', 'manifest.mjs')], staged);
    const target = folder === undefined ? ['--dry-run'] : ['--pack-destination', folder];
    return JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', ...target], staged))[0];
  } finally {
    rmSync(staged, { recursive: true });
  }
}

function run(command, args, cwd) {
  const shell = process.platform === 'win32';
  const { status, error, stdout } = spawnSync(command, args, {
    cwd,
    shell,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${status}`);
  return stdout;
}
