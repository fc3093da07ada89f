/**
 * npm run conformance: compares our tests with CPython's, and writes docs/conformance.md.
 *
 * It runs the suite, in which each test names the CPython tests that it covers, and adds the notes
 * on those that do not apply or differ here. It fails if a listed test has neither, or if one of
 * the lists is wrong.
 *
 *   --results FILE   use the results of a run with ASYNCIO_TEST_RESULTS=FILE, and run nothing
 *   --check          write nothing, and fail if docs/conformance.md is out of date
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { notes } from '../test/conformance/notes.ts';
import { takenUp } from '../test/conformance/taken-up.ts';
import type { Result } from '../test/support/behaviour.ts';

type Status = 'passes' | 'differs' | 'not applicable' | 'fails' | 'missing' | 'later';

/** A CPython test and its status here. */
interface Row {
  file: string;
  name: string;
  /** The version that added it: `3.13`; empty for the oldest version. */
  since: string;
  status: Status;
  /** Our tests, or the reason why there are none. */
  account: string[];
}

const columns: readonly Status[] = [
  'passes',
  'differs',
  'not applicable',
  'fails',
  'missing',
  'later',
];
const root = fileURLToPath(new URL('..', import.meta.url));
const table = path.join(root, 'docs', 'conformance.md');
const problems: string[] = [];

const { values: options } = parseArgs({
  options: { results: { type: 'string' }, check: { type: 'boolean' } },
});
const results = parse(options.results ?? runTests());
/** The tests of the oldest version, and those added by each later one, by file and class. */
const versions = JSON.parse(
  readFileSync(path.join(root, 'test', 'conformance', 'cpython-tests.json'), 'utf8'),
) as Record<string, Record<string, Record<string, string[]>>>;
const [oldest = '', ...later] = Object.keys(versions);

const listed = Object.entries(versions).flatMap(([version, files]) =>
  Object.entries(files).flatMap(([file, classes]) =>
    Object.entries(classes).flatMap(([className, names]) =>
      names.map((name) => ({ file, className, name, since: version === oldest ? '' : version })),
    ),
  ),
);
const files = [...new Set(listed.map(({ file }) => file))].sort();
const rows = files.flatMap((file) => listed.filter((test) => test.file === file)).map(account);
reportUnknown();

const text = page(rows);
const upToDate = existsSync(table) && readFileSync(table, 'utf8') === text;
if (!options.check) writeFileSync(table, text);
else if (!upToDate)
  problems.push('docs/conformance.md is out of date: npm run conformance writes it');

console.log(summary(rows));
for (const problem of problems) console.error(problem);
console.log(`${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** Runs the suite; returns the file with the results. */
function runTests(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-conformance-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'results.jsonl');
  const { status } = spawnSync(process.execPath, [path.join(root, 'scripts', 'test.mjs')], {
    env: { ...process.env, ASYNCIO_TEST_RESULTS: file },
    stdio: 'inherit',
  });
  if (status !== 0) problems.push('the test suite failed');
  return file;
}

/** Reads a file with results. */
function parse(file: string): Result[] {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  if (lines.length === 0) problems.push(`no outcome of any test in ${file}`);
  return lines.map((line) => JSON.parse(line) as Result);
}

/** Determines the status of one CPython test, and reports problems with it. */
function account({ file, className, name, since }: (typeof listed)[number]): Row {
  const origin = `${file}::${className}::${name}`;
  const note = notes[origin];
  const tests = results.filter((result) => result.cpython.includes(origin));
  // Directories are tested in parallel, so their order varies.
  const account = tests.map(({ subject, sentence }) => escaped(`${subject} ${sentence}`)).sort();
  const row = (status: Status): Row => ({
    file,
    name: `${className}.${name}`,
    since: since.replace(/\.\d+$/, ''),
    status,
    account,
  });
  const problem = (what: string): void => void problems.push(`${origin}: ${what}`);

  const unfit = tests.filter(({ outcome }) => outcome !== 'passed');
  for (const { subject, sentence, outcome } of unfit)
    problem(`its test is ${outcome}: ${subject} ${sentence}`);
  if (note) {
    if (note.reason.trim() === '') problem('the note has no reason');
    if (note.status === 'not applicable' && tests.length > 0)
      problem(`noted as not applicable, yet tested: ${account.join('; ')}`);
    if (note.status === 'differs' && !anchors().has(note.entry))
      problem(`docs/differences.md has no entry #${note.entry}`);
    const link = note.status === 'differs' ? ` ([entry](differences.md#${note.entry}))` : '';
    account.push(escaped(note.reason) + link);
  }
  if (unfit.length > 0) return row('fails');
  if (note) return row(note.status);
  if (tests.length > 0) return row('passes');
  if (!isTakenUp(file, className, name)) return row('later');
  problem('taken up, but there is neither a test nor a note');
  return row('missing');
}

function isTakenUp(file: string, className: string, name: string): boolean {
  const classes = takenUp[file];
  const choice = typeof classes === 'object' ? classes[className] : classes;
  if (choice === undefined || choice === 'all') return choice === 'all';
  return 'only' in choice ? choice.only.includes(name) : !choice.except.includes(name);
}

/** Reports each name in our lists that CPython does not have. */
function reportUnknown(): void {
  const known = (file: string, className?: string, name?: string): boolean =>
    listed.some(
      (test) =>
        test.file === file &&
        (className === undefined || test.className === className) &&
        (name === undefined || test.name === name),
    );
  const expect = (where: string, ...origin: [string, string?, string?]): void => {
    if (!known(...origin)) problems.push(`${where}: CPython has no test ${origin.join('::')}`);
  };
  for (const { subject, sentence, cpython } of results)
    for (const origin of cpython)
      expect(`${subject} ${sentence}`, ...(origin.split('::') as [string, string, string]));
  for (const origin of Object.keys(notes))
    expect('notes.ts', ...(origin.split('::') as [string, string, string]));
  for (const [file, classes] of Object.entries(takenUp)) {
    expect('taken-up.ts', file);
    if (classes === 'all') continue;
    for (const [className, choice] of Object.entries(classes)) {
      expect('taken-up.ts', file, className);
      if (choice === 'all') continue;
      for (const name of 'only' in choice ? choice.only : choice.except)
        expect('taken-up.ts', file, className, name);
    }
  }
}

/** The anchors of docs/differences.md: explicit ones, and those of its headings. */
function anchors(): Set<string> {
  const file = path.join(root, 'docs', 'differences.md');
  const source = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const written = [...source.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id]) => id ?? '');
  const headings = [...source.matchAll(/^#+ +(.+?) *$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/<[^>]*>|[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
  return new Set([...written, ...headings]);
}

/** Escapes Markdown in a text. */
function escaped(text: string): string {
  return text.replace(/[|<>*_[\]`\\]/g, '\\$&');
}

/** Counts rows by status, in the order of the table's columns. */
function counts(rows: readonly Row[]): number[] {
  return columns.map((status) => rows.filter((row) => row.status === status).length);
}

function summary(rows: readonly Row[]): string {
  const totals = counts(rows).map((count, index) => `${count} ${columns[index]}`);
  return `of ${rows.length} tests of CPython ${oldest} to ${later.at(-1)}: ${totals.join(', ')}`;
}

function page(rows: readonly Row[]): string {
  const begun = files.filter((file) =>
    rows.some((row) => row.file === file && row.status !== 'later'),
  );
  const rowsOf = (file: string): Row[] => rows.filter((row) => row.file === file);
  const cells = (...each: (string | number)[]): string => `| ${each.join(' | ')} |`;

  const lines = [
    '# Conformance',
    '',
    `The tests of asyncio's own suite in CPython ${oldest}, those added in ${later.join(', ')}, and their`,
    'results here. Generated by `npm run conformance`; do not edit. A test is listed under the class',
    'that first defined it, with the version that added it.',
    '',
    '- **passes**: one of our tests expects the same, and passes.',
    '- **differs**: different on purpose; see [differences.md](differences.md) for the reason.',
    '- **not applicable**: it tests something that cannot exist here.',
    '- **later**: not ported yet.',
    '',
    cells('file', 'tests', ...columns),
    cells('---', ...['', ...columns].map(() => '---:')),
    ...files.map((file) =>
      cells(
        begun.includes(file) ? `[${file}](#${file.replace('.', '')})` : file,
        rowsOf(file).length,
        ...counts(rowsOf(file)),
      ),
    ),
    cells('**all**', rows.length, ...counts(rows)),
  ];
  for (const file of begun) {
    lines.push('', `## ${file}`, '', cells('CPython', 'here', 'our test, or the reason'));
    lines.push(cells('---', '---', '---'));
    for (const { name, since, status, account } of rowsOf(file))
      lines.push(cells(`\`${name}\`${since && ` (${since})`}`, status, account.join('<br>')));
  }
  return `${lines.join('\n')}\n`;
}
