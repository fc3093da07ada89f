/** The replicated store of examples/kv: it works, and the simulation finds what is wrong with it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Mistakes } from '../../examples/kv/node.ts';
import { SEEDS, simulateStore } from '../../examples/kv/simulation.ts';
import { SimulationError } from '../../src/testing.ts';
import { behaviour } from '../support/behaviour.ts';
import { Program, root } from '../support/program.ts';
import { rejects } from '../support/rejects.ts';

const page = readFileSync(path.join(root, 'docs', 'simulation.md'), 'utf8');

behaviour('The replicated store', (it) => {
  it(
    'runs on sockets of the system',
    async () => {
      await using store = Program.typescript('examples/kv/main.ts');

      assert.equal(await store.ends(60), { status: 0, signal: null }, store.stderr);
      assert.is(store.stdout, 'put color blue\nget color → blue\nswap blue → green: true\n');
    },
    { seconds: 60 },
  );

  for (const [mistake, seed] of Object.entries(SEEDS) as [keyof Mistakes, number][])
    it(
      `is linearizable with seed ${seed}, and with ${mistake} it is not`,
      async () => {
        await simulateStore({}, { seed });
        const planted = simulateStore({ [mistake]: true }, { seed, shrink: false });
        await rejects(planted, SimulationError, {
          message: /^history, with seed .*\n.*no order of the operations on '(one|two)' explains/,
        });
        assert.match(page, `| \`${mistake}\` |`);
        assert.match(page, `| ${seed} |`);
      },
      { seconds: 20 },
    );
});
