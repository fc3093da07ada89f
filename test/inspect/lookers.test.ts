import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { listeningAt } from '../../src/cli/process/node-process.ts';
import { behaviour, type Options } from '../support/behaviour.ts';
import { freePort, Program } from '../support/program.ts';
import { until } from '../support/until.ts';

/** Several starts of Node. */
const CHILDREN: Options = { seconds: 60 };

/** A program whose inspector opens on a port of its own: others may look for it there at the same time. */
async function started(): Promise<Program> {
  const program = Program.typescript('test/inspect/children/waiting.ts', [], {
    env: { NODE_OPTIONS: `--inspect-port=${await freePort()}` },
  });
  await program.shows(/waiting/);
  return program;
}

/** Looks into a program, and sends itself a signal then. */
function looker(program: Program, signal: NodeJS.Signals): Program {
  const env = { NODE_OPTIONS: '--experimental-websocket' };
  return Program.typescript('test/inspect/children/looker.ts', [String(program.pid), signal], {
    env,
  });
}

async function looksInto(program: Program): Promise<string> {
  await using ps = Program.command(['ps', String(program.pid)]);
  const ending = await ps.ends();
  assert.equal(ending, { status: 0, signal: null }, ps.stderr);
  return ps.stdout;
}

const isOpen = (program: Program): boolean => listeningAt(program.pid).size > 0;

function isStopped({ pid }: Program): boolean {
  return /\) T [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}

behaviour('The inspector of a process', (it) => {
  it(
    'is closed if the inspecting process was killed',
    async () => {
      await using program = await started();
      await using killed = looker(program, 'SIGKILL');
      assert.equal(await killed.ended, { status: null, signal: 'SIGKILL' });
      await until(() => !isOpen(program));
      assert.match(await looksInto(program), /worker/);
    },
    CHILDREN,
  );

  it(
    'stays open for an inspecting process that was stopped, and blocks nothing',
    async () => {
      await using program = await started();
      await using stopped = looker(program, 'SIGSTOP');
      await until(() => isStopped(stopped));
      assert.match(await looksInto(program), /worker/);
      assert.match(await looksInto(program), /worker/);
      assert.ok(isOpen(program));
      process.kill(stopped.pid, 'SIGKILL');
      await until(() => !isOpen(program));
    },
    CHILDREN,
  );

  it(
    'serves several processes at a time, and is closed after the last',
    async () => {
      await using program = await started();
      const tables = await Promise.all([1, 2, 3, 4].map(() => looksInto(program)));
      for (const table of tables) assert.match(table, /worker/);
      await until(() => !isOpen(program));
    },
    CHILDREN,
  );

  it(
    'does not keep a process alive',
    async () => {
      await using program = await started();
      await using page = Program.command(['inspect', String(program.pid)]);
      await page.shows(/http/);
      process.kill(program.pid, 'SIGINT');
      assert.equal(await page.ends(), { status: 1, signal: null });
      assert.is(page.stderr, 'asyncio-ts: the process has ended\n');
      assert.is((await program.ends()).status, 130);
    },
    CHILDREN,
  );
});
