/** What docs/runtimes.md says of Bun and Deno, tried there. `.ci/run` does the same on other Nodes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour } from './support/behaviour.ts';
import { Program } from './support/program.ts';

behaviour('npm run matrix', (it) => {
  for (const name of ['Bun', 'Deno'])
    it(
      `finds on ${name} what the page says`,
      async () => {
        await using matrix = Program.node('scripts/matrix.mjs', [name]);

        const { status } = await matrix.ends(300);
        assert.is(matrix.stderr, '');
        assert.is(status, 0);
      },
      { seconds: 310 },
    );

  it(
    'names the runtime that cannot be installed, and what npm says',
    async () => {
      const cache = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-cache-'));
      try {
        await using matrix = Program.node('scripts/matrix.mjs', ['Node 22'], {
          env: {
            MATRIX_PAUSES: '0,0',
            npm_config_cache: cache,
            npm_config_registry: 'http://127.0.0.1:9',
          },
        });

        const { status } = await matrix.ends(60);
        assert.is(status, 1);
        assert.match(
          matrix.stderr,
          /^npm could not install Node 22 \(node-\S+@22\), tried 3 times:\nnpm error code ECONNREFUSED/,
        );
      } finally {
        rmSync(cache, { recursive: true });
      }
    },
    { seconds: 70 },
  );

  it('names a runtime that it does not know', async () => {
    await using matrix = Program.node('scripts/matrix.mjs', ['node 22']);

    assert.is((await matrix.ends()).status, 2);
    assert.match(matrix.stderr, /^unknown runtime: node 22; expected some of Node 20, /);
  });
});
