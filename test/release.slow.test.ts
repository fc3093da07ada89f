/** A release: `npm version`, then `npm publish`. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour } from './support/behaviour.ts';
import { root } from './support/program.ts';

/** A repository with what a release needs; its scripts do not build. */
function repository(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-release-'));
  for (const name of ['package.json', 'CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'scripts'])
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  const git = ['-c', 'user.name=A', '-c', 'user.email=a@localhost'];
  for (const args of [
    ['init', '-q'],
    ['add', 'CHANGELOG.md', 'package.json'],
    [...git, 'commit', '-qm', 'A'],
  ])
    execFileSync('git', args, { cwd: folder });
  return folder;
}

function npm(folder: string, ...args: string[]): string {
  const env = {
    ...process.env,
    GIT_AUTHOR_NAME: 'A',
    GIT_AUTHOR_EMAIL: 'a@localhost',
    GIT_COMMITTER_NAME: 'A',
    GIT_COMMITTER_EMAIL: 'a@localhost',
  };
  return String(execFileSync('npm', args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

behaviour('A release', (it) => {
  it(
    'has its version in package.json, a tag, and a section of CHANGELOG.md; npm would publish that',
    () => {
      const folder = repository();
      try {
        npm(folder, 'version', '7.8.9');
        const tag = String(execFileSync('git', ['describe', '--exact-match'], { cwd: folder }));
        const [packed] = JSON.parse(npm(folder, 'pack', '--dry-run', '--ignore-scripts', '--json'));

        assert.is(tag, 'v7.8.9\n');
        assert.match(
          readFileSync(path.join(folder, 'CHANGELOG.md'), 'utf8'),
          /^## Unreleased\n\n## 7\.8\.9 \(\d{4}-\d\d-\d\d\)\n\n- /m,
        );
        assert.is(
          String(execFileSync('git', ['diff', 'HEAD', '--name-only'], { cwd: folder })),
          '',
        );
        assert.is(packed.id, 'asyncio-ts@7.8.9');
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    { seconds: 60 },
  );

  it(
    'has no scripts and no development tools in its package.json; that of the repository is as it was',
    () => {
      const folder = repository();
      try {
        const before = readFileSync(path.join(folder, 'package.json'), 'utf8');
        // Without the build.
        const prepack = before.replace('node scripts/build.mjs && ', '');
        writeFileSync(path.join(folder, 'package.json'), prepack);
        const [{ filename }] = JSON.parse(npm(folder, 'pack', '--json'));
        execFileSync('tar', ['-xzf', filename], { cwd: folder });

        const packed = readFileSync(path.join(folder, 'package', 'package.json'), 'utf8');
        const { scripts, devDependencies, overrides, ...published } = JSON.parse(before);
        assert.equal(JSON.parse(packed), published);
        assert.is(readFileSync(path.join(folder, 'package.json'), 'utf8'), prepack);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    { seconds: 60 },
  );

  it(
    'is refused when nothing is unreleased',
    () => {
      const folder = repository();
      try {
        writeFileSync(path.join(folder, 'CHANGELOG.md'), '# Changes\n\n## Unreleased\n');
        execFileSync('git', ['commit', '-qam', 'B', '--author', 'A <a@localhost>'], {
          cwd: folder,
          env: { ...process.env, GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@localhost' },
        });

        assert.throws(() => npm(folder, 'version', '7.8.9'), /nothing unreleased/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    { seconds: 60 },
  );
});
