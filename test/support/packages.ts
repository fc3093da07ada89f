/** Packages from the registry that only a few slow tests need. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from './program.ts';

/** Runs npm in a folder; returns what it prints. */
export function npm(cwd: string, ...args: string[]): string {
  return String(execFileSync('npm', args, { cwd, stdio: 'pipe' }));
}

/** Packages that are installed in a folder, beside this library; or why they are not. */
export type Installed = { readonly folder: string; readonly missing?: undefined } | Missing;

interface Missing {
  readonly missing: string;
}

/**
 * Installs packages in a folder under node_modules, unless they are there, and copies the built library to them.
 *
 * @param name - of the folder: only one file of tests may use it
 */
export function installed(name: string, ...packages: string[]): Installed {
  const folder = path.join(root, 'node_modules', '.cache', 'installed', name);
  mkdirSync(folder, { recursive: true });
  const library = path.join(folder, 'node_modules', 'asyncio-ts');
  rmSync(library, { recursive: true, force: true });
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
  try {
    npm(folder, 'install', '--prefix', folder, ...flags, '--fetch-retries=0', ...packages);
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    return { missing: `npm cannot install ${packages.join(', ')}: ${stderr ?? error}` };
  }
  for (const part of ['dist', 'package.json'])
    cpSync(path.join(root, part), path.join(library, part), { recursive: true });
  return { folder };
}
