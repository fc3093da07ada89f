// Checks that every link of a page leads to a file, and to a heading if it names one. Links to other hosts are
// not checked.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { anchorsOf, linksOf } from './pages.mjs';
import { root } from './ready.mjs';

const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  cwd: root,
});
const pages = String(listed).trim().split('\n');
const problems = pages.flatMap((page) => {
  const text = readFileSync(path.join(root, page), 'utf8');
  return linksOf(text)
    .filter((link) => !/^[a-z]+:/.test(link))
    .flatMap((link) => problemOf(page, link) ?? []);
});

for (const problem of problems) console.error(problem);
console.log(`${pages.length} pages`);
process.exitCode = problems.length === 0 ? 0 : 1;

function problemOf(page, link) {
  const [file, anchor] = decodeURI(link).split('#');
  const target = file === '' ? page : path.join(path.dirname(page), file);
  if (target.startsWith('..')) return `${page}: ${link} leaves the project`;
  if (!existsSync(path.join(root, target))) return `${page}: ${link} leads nowhere`;
  if (anchor === undefined || !target.endsWith('.md')) return undefined;
  const text = readFileSync(path.join(root, target), 'utf8');
  return anchorsOf(text).has(anchor) ? undefined : `${page}: ${link} names no heading`;
}
