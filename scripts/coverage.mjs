// npm run coverage: runs the test suite under c8. Code in dist that child processes of the tests run
// counts for the source in src that it was built from.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, referToMaps, root } from './ready.mjs';

ensureInstalled();
ensureBuilt();
referToMaps();

const { status } = spawnSync(
  process.execPath,
  [
    path.join(root, 'node_modules', 'c8', 'bin', 'c8.js'),
    ...['--all', '--src', 'src', '--include', 'src/**', '--exclude-after-remap'],
    ...['--reporter', 'text-summary', '--reporter', 'lcov', '--reporter', 'html'],
    ...[process.execPath, path.join(root, 'scripts', 'test.mjs'), ...process.argv.slice(2)],
  ],
  { cwd: root, stdio: 'inherit' },
);
process.exitCode = status ?? 1;
