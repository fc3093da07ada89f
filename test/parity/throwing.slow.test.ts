/** What throwing.txt has of CPython, on the other drivers and on Node streams; the default one has parity.test.ts. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { runFile } from '../support/child.ts';

behaviour('parity of protocols that throw', (it) => {
  for (const [name, env] of [
    ['posix, uv_poll', { ASYNCIO_SOCKETS: 'posix, uv_poll' }],
    ['node', { ASYNCIO_SOCKETS: 'node' }],
    ['memory', { ASYNCIO_SOCKETS: 'memory' }],
    ['a Node stream', { OVER_DUPLEX: '1' }],
  ] as const)
    it(
      `prints what CPython prints, on ${name}`,
      async () => {
        const { stdout, stderr } = await runFile('test/parity/throwing.ts', { env });

        assert.is(stderr, '');
        assert.is(stdout, readFileSync('test/parity/throwing.txt', 'utf8'));
      },
      { seconds: 30 },
    );
});
