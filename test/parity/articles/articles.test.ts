/**
 * The listings of the articles on servers and protocols, in Python and in TypeScript, played by the
 * same clients. NAME.txt is what CPython 3.11 shows; where ours decidedly differs, it is in
 * NAME.ts.txt, and docs/differences.md says why. RECORD=1 writes them anew.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { root } from '../../support/program.ts';
import { type Language, LISTINGS, play } from './play.ts';

const hasPython = spawnSync(process.env['PYTHON'] ?? 'python3', ['--version']).status === 0;

function transcriptOf(listing: string, language: Language): URL {
  const own = new URL(`${listing}.ts.txt`, import.meta.url);
  if (language === 'typescript' && existsSync(own)) return own;
  return new URL(`${listing}.txt`, import.meta.url);
}

if (process.env['RECORD'])
  for (const listing of LISTINGS) {
    const python = await play(listing, 'python');
    const ours = await play(listing, 'typescript');
    writeFileSync(new URL(`${listing}.txt`, import.meta.url), python);
    if (ours !== python) writeFileSync(new URL(`${listing}.ts.txt`, import.meta.url), ours);
  }

behaviour("an article's listing", (it) => {
  it('is played for every file of its folders', () => {
    const folders = new Set(LISTINGS.map((listing) => path.dirname(listing)));
    const files = [...folders].flatMap((folder) =>
      readdirSync(path.join(root, 'examples', folder)).map(
        (file) => `${folder}/${file.replace(/\.ts$/, '')}`,
      ),
    );
    assert.equal([...LISTINGS].sort(), files.sort());
  });

  for (const listing of LISTINGS) {
    const expected = (language: Language): string =>
      readFileSync(transcriptOf(listing, language), 'utf8');
    it(
      `${listing}.ts does what it does in CPython 3.11`,
      async () => assert.fixture(await play(listing, 'typescript'), expected('typescript')),
      { seconds: 40 },
    );

    const sentence = `${listing}.py does so in the python3 of this machine`;
    const live = async () => assert.fixture(await play(listing, 'python'), expected('python'));
    if (hasPython) it(sentence, live, { seconds: 40 });
    else it.skip(sentence, 'there is no python3', live);
  }
});
