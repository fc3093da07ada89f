/**
 * Random programs of servers and their clients print what CPython 3.13 prints of them: over TCP, IPv6
 * and unix paths, with TLS from the start, later or not at all. `make-random-servers.ts` makes others.
 */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { runFile } from '../support/child.ts';

const programs = 'test/parity/random-servers.jsonl';
const theirs = readFileSync('test/parity/random-servers.txt', 'utf8');

behaviour('parity of random programs of servers', (it) => {
  for (const driver of ['posix', 'posix, uv_poll'])
    it(
      `prints what CPython 3.13 prints, on ${driver}`,
      async () => {
        const { stdout, stderr, status } = await runFile('test/parity/random-servers.ts', {
          args: [programs, driver],
        });

        assert.not.match(stderr, /Error/);
        assert.is(status, 0);
        assert.is(stdout, theirs);
      },
      { seconds: 60 },
    );
});
