/** The pages of docs/book: what they show runs, and is played by a test. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { LISTINGS as ARTICLES } from './parity/articles/play.ts';
import { LISTINGS as FOWLER } from './parity/fowler/play.ts';
import { behaviour } from './support/behaviour.ts';
import { type Ended, runCommand } from './support/child.ts';
import { root, typescript } from './support/program.ts';

const book = path.join(root, 'docs/book');

/** The files that tests play, in both languages, and the outputs that they compare with. */
const played = [
  ...ARTICLES.map((name) => [`examples/${name}`, `test/parity/articles/${name}`]),
  ...FOWLER.map(({ name }) => [`examples/fowler/${name}`, `test/parity/fowler/${name}`]),
].flatMap(([ours, theirs]) => [`${ours}.ts`, `${theirs}.py`, `${theirs}.txt`]);

/** Outputs of ours where they are not those of CPython. */
const own = readdirSync(path.join(root, 'test/parity/articles'), { recursive: true })
  .map((file) => String(file).split(path.sep).join('/'))
  .filter((file) => file.endsWith('.ts.txt'))
  .map((file) => `test/parity/articles/${file}`);

/** The files that the pages name. */
function named(): string[] {
  return readdirSync(book).flatMap((page) =>
    [...readFileSync(path.join(book, page), 'utf8').matchAll(/^<!-- (\S+) -->$/gm)].map(
      ([, file]) => file as string,
    ),
  );
}

/** Checks a copy of the pages in which one was changed. */
async function checked(change: (text: string) => string): Promise<Ended> {
  const pages = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-book-'));
  try {
    cpSync(book, pages, { recursive: true });
    const page = path.join(pages, 'protocols.md');
    writeFileSync(page, change(readFileSync(page, 'utf8')));
    const args = [...typescript('scripts/book.ts'), '--check', '--pages', pages];
    return await runCommand(process.execPath, args);
  } finally {
    rmSync(pages, { recursive: true });
  }
}

behaviour('docs/book', (it) => {
  it('shows no program that no test plays, and all that are played', () => {
    assert.equal(named().sort(), [...played, ...own].sort());
  });

  it('shows what its files have', async () => {
    assert.equal(await checked((text) => text), { status: 0, stdout: '', stderr: '' });
  });

  it('is refused where it shows something else', async () => {
    const { status, stderr } = await checked((text) =>
      text.replace('pauseWriting', 'resumeWriting'),
    );

    assert.is(status, 1);
    assert.is(stderr, 'protocols.md shows what is not so: npm run book mends it\n');
  });

  it('is refused where it shows what is no file', async () => {
    const nameless = await checked((text) => `${text}\n\`\`\`ts\nconst a = 1;\n\`\`\`\n`);
    const missing = await checked((text) => text.replace('yell-client.py', 'yell-nobody.py'));

    assert.match(
      nameless.stderr,
      /^protocols.md: a block of code that no comment names the file of/,
    );
    assert.match(
      missing.stderr,
      /^protocols.md names \S+yell-nobody.py, and there is no such file/,
    );
    assert.equal([nameless.status, missing.status], [1, 1]);
  });
});
