import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Figures } from '../../bench/figures.ts';
import { behaviour, type Options } from '../support/behaviour.ts';
import { type Ended, runCommand } from '../support/child.ts';

/** Two servers and a client start, one after another. */
const CHILDREN: Options = { seconds: 60 };

/** Whatever else the machine does. */
const BRIEFLY = ['--rounds', '1', '--seconds', '0.05', '--no-micro', '--others', '99'];
const EVERY_LOAD = ['--loads', '2x1000,2x100000,accept,idle', '--idle', '30'];

/** Not from what is made of it beforehand: what it measures lies beside its source. */
function bench(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const command = ['--import', 'tsx', 'bench/main.ts', ...args];
  return runCommand(process.execPath, command, { ...process.env, FORCE_COLOR: undefined, ...env });
}

behaviour('npm run bench', (it) => {
  it(
    'prints a table for each load, and writes the figures and the picture',
    async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-test-'));
      const [json, svg] = [path.join(folder, 'figures.json'), path.join(folder, 'bars.svg')];
      const args = [...BRIEFLY, ...EVERY_LOAD, '--only', 'asyncio-ts node', '--json', json];
      try {
        const { status, stdout, stderr } = await bench([...args, '--svg', svg]);

        assert.is(status, 0, stderr);
        for (const head of ['2 connections, 1,000', '2 connections, 100,000', 'connect', '1 conn'])
          assert.match(stdout, `\n${head}`);
        const { servers }: Figures = JSON.parse(readFileSync(json, 'utf8'));
        for (const name of ['asyncio-ts node', 'node:net'])
          assert.equal(
            servers.filter(({ server }) => server === name).map(({ load }) => load),
            ['idle', '2x1000', '2x100000', 'accept'],
          );
        assert.match(readFileSync(svg, 'utf8'), '>asyncio-ts node</text>');
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    CHILDREN,
  );

  it(
    'reaches the servers through node:net, too',
    async () => {
      const args = [...BRIEFLY, ...EVERY_LOAD, '--only', 'node:net', '--client', 'net'];
      const { status, stdout, stderr } = await bench(args);

      assert.is(status, 0, stderr);
      assert.match(stdout, 'the client is on net');
    },
    CHILDREN,
  );

  it(
    'goes on without a server that does not start, and says why',
    async () => {
      const args = [...BRIEFLY, '--loads', '1x10', '--only', 'Bun'];
      const env = { BUN: process.execPath }; // has a version, and cannot run the server
      const { status, stdout } = await bench(args, env);

      assert.is(status, 0);
      assert.match(stdout, '\nnode:net ');
      assert.match(stdout, /\nleft out: Bun: it ended with status 1; it said: \w*Error/);
    },
    CHILDREN,
  );

  it('refuses what it cannot understand, with status 2', async () => {
    assert.equal(await bench(['--nope']), {
      status: 2,
      stdout: '',
      stderr: "bench: Unknown option '--nope'\n",
    });
  });
});
