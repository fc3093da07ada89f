/** Packages from the registry that only a few slow tests need. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { root } from './program.ts';

/** Runs npm in a folder; returns what it prints. */
export function npm(cwd: string, ...args: string[]): string {
  return String(execFileSync('npm', args, { cwd, stdio: 'pipe' }));
}

/** Where packages are installed, or why they are not. */
export type Installed =
  | { readonly folder: string; readonly missing?: undefined }
  | { readonly folder?: undefined; readonly missing: string };

/**
 * Installs packages in a folder under node_modules, unless they are there.
 *
 * @param name - the name of the folder, which only one test file may use
 */
export function installed(name: string, ...packages: string[]): Installed {
  const folder = path.join(root, 'node_modules', '.cache', 'installed', name);
  mkdirSync(folder, { recursive: true });
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
  flags.push('--fetch-retries=0', '--loglevel=error', '--prefix', folder);
  try {
    npm(folder, 'install', ...flags, ...packages);
    return { folder };
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    return { missing: `npm cannot install ${packages.join(', ')}: ${stderr ?? error}` };
  }
}
