/**
 * Fowler's listings in Python and in TypeScript, played by the same clients. The transcripts are
 * CPython 3.11's; RECORD=1 writes them anew.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { LISTINGS, type Listing, play } from './play.ts';

const hasPython = spawnSync(process.env['PYTHON'] ?? 'python3', ['--version']).status === 0;
const transcriptOf = ({ name }: Listing): URL => new URL(`${name}.txt`, import.meta.url);

if (process.env['RECORD'])
  for (const listing of LISTINGS)
    writeFileSync(transcriptOf(listing), await play(listing, 'python'));

behaviour("Fowler's listing", (it) => {
  for (const listing of LISTINGS) {
    const expected = readFileSync(transcriptOf(listing), 'utf8');
    it(
      `${listing.name}.ts does what it does in CPython 3.11`,
      async () => assert.fixture(await play(listing, 'typescript'), expected),
      { seconds: 40 },
    );

    const sentence = `${listing.name}.py does so in the python3 of this machine`;
    const live = async () => assert.fixture(await play(listing, 'python'), expected);
    if (hasPython) it(sentence, live, { seconds: 40 });
    else it.skip(sentence, 'there is no python3', live);
  }
});
