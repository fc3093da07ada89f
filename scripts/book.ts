/**
 * npm run book: inserts files into the pages of docs/book, docs/tutorial and docs/guides that name them. So the code on a
 * page is the file that runs, and the output is the transcript that tests compare with.
 *
 *   --check       write nothing, and fail if a page differs from its files
 *   --pages DIR   the pages, in place of these
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** A comment that names a file, and the block that shows it. */
const SHOWN = /^<!-- (\S+) -->\n```\w*\n[\s\S]*?^```$/gm;
/** The language of a file. */
const LANGUAGES: Readonly<Record<string, string>> = {
  '.ts': 'ts',
  '.py': 'python',
  '.txt': 'text',
};

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: { check: { type: 'boolean' }, pages: { type: 'string' } },
});
/** In the book, all code is a file's. */
const book = options.pages ?? path.join(root, 'docs', 'book');
const pages =
  options.pages === undefined
    ? [book, path.join(root, 'docs', 'tutorial'), path.join(root, 'docs', 'guides')]
    : [book];
const problems: string[] = [];

for (const folder of pages)
  for (const page of readdirSync(folder).filter((file) => file.endsWith('.md'))) {
    const file = path.join(folder, page);
    const before = readFileSync(file, 'utf8');
    const after = before.replace(SHOWN, (_block, name: string) => shown(page, name));
    const nameless = folder === book && before.replace(SHOWN, '').match(/^```/m);
    if (nameless) problems.push(`${page}: a block of code that no comment names the file of`);
    if (before === after) continue;
    if (options.check) problems.push(`${page} shows what is not so: npm run book mends it`);
    else writeFileSync(file, after);
  }

for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

/** A file as shown on a page. */
function shown(page: string, name: string): string {
  const language = LANGUAGES[path.extname(name)];
  let text = '';
  try {
    text = readFileSync(path.join(root, name), 'utf8').trimEnd();
  } catch {
    problems.push(`${page} names ${name}, and there is no such file`);
  }
  if (language === undefined) problems.push(`${page}: in which language is ${name}?`);
  return `<!-- ${name} -->\n\`\`\`${language}\n${text}\n\`\`\``;
}
