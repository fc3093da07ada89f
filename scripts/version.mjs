// npm version NEW: moves the unreleased changes in CHANGELOG.md to a section for that version.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const before = readFileSync('CHANGELOG.md', 'utf8');
const heading = `## ${version} (${new Date().toISOString().slice(0, 10)})`;
const after = before.replace(/^## Unreleased\n+(?=- )/m, `## Unreleased\n\n${heading}\n\n`);
if (after === before) {
  console.error('CHANGELOG.md has nothing unreleased: write what users see of this version');
  process.exit(1);
}
writeFileSync('CHANGELOG.md', after);
// npm commits it along with the version.
if (process.env.npm_config_git_tag_version !== '')
  process.exit(spawnSync('git', ['add', 'CHANGELOG.md'], { stdio: 'inherit' }).status ?? 1);
