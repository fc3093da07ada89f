/** `asyncio-ts simulate`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour, type Options } from '../support/behaviour.ts';
import { Program, root } from '../support/program.ts';

const CHILD: Options = { seconds: 20 };

/** A program that fails with the seeds of a list, after `before`. */
const failing = (seeds: string, before = '') => `
  import * as asyncio from 'asyncio-ts';
  import { simulate } from 'asyncio-ts/testing';
  ${before}
  await simulate(async (world) => {
    world.host('server', async () => {
      const server = await asyncio.startServer((reader, writer) => writer.close(), '0.0.0.0', 80);
      await server.serveForever();
    });
    await world.ended(world.host('client', async () => {
      const [reader, writer] = await asyncio.openConnection('server', 80);
      writer.write('<hello & bye>\\n');
      await reader.read();
      writer.close();
      if ([${seeds}].includes(world.seed)) throw new Error('planted');
    }));
  }, { runs: 5 });
  console.log('the program goes on');
`;

/** Runs the command on a program. */
async function simulate(
  text: string,
  args: readonly string[] = [],
  { env = {}, name = 'program.mjs' }: { env?: NodeJS.ProcessEnv; name?: string } = {},
) {
  const folder = mkdtempSync(path.join(root, 'dist-test', 'simulate-'));
  try {
    writeFileSync(path.join(folder, name), text);
    await using program = Program.command(
      ['simulate', path.join(folder, name), ...args.map((arg) => arg.replace('FOLDER', folder))],
      { env },
    );
    const ending = await program.ends();
    const svg = args.includes('--svg') ? readFileSync(path.join(folder, 'a.svg'), 'utf8') : '';
    const stderr = program.stderr.replaceAll(folder, '');
    return { ...ending, stdout: program.stdout, stderr, svg };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

behaviour('asyncio-ts simulate', (it) => {
  it(
    'runs all seeds, and prints how many',
    async () => {
      const { status, stdout, stderr } = await simulate(failing(''), ['--runs', '8']);

      assert.is(status, 0, stderr);
      assert.is(stdout, 'the program goes on\n');
      assert.is(stderr, 'simulate: 8 of 8 runs passed, 0.0 simulated hours\n');
    },
    CHILD,
  );

  it(
    "divides the program's runs among its jobs, even if there are fewer runs than jobs",
    async () => {
      const both = await simulate(failing(''), ['--jobs', '2']);
      assert.is(both.status, 0, both.stderr);
      assert.match(both.stderr, 'simulate: 5 of 5 runs passed');

      const more = await simulate(failing(''), ['--jobs', '3', '--runs', '2']);
      assert.is(more.status, 0, more.stderr);
      assert.match(more.stderr, 'simulate: 2 of 2 runs passed');
    },
    CHILD,
  );

  it(
    'stops at the first failure, prints it, and draws it',
    async () => {
      const { status, stdout, stderr, svg } = await simulate(failing('3, 5'), [
        ...['--runs', '1000000', '--svg', 'FOLDER/a.svg'],
      ]);

      assert.is(status, 1);
      assert.match(stdout, /^client failed, with seed 3, /);
      assert.match(stdout, "data 14 b'<hello & bye>\\n'");
      assert.match(stdout, /\nrun it again: SIMULATION_SEED=3\n$/);
      assert.match(stderr, 'simulate: 2 of 1000000 runs passed');
      assert.match(stderr, 'simulate: seed 3 fails; looking for fewer faults');
      assert.match(svg, /^<svg xmlns/);
      assert.match(svg, "b'&#60;hello &#38; ");
    },
    CHILD,
  );

  it(
    'finds a failure in any job, and stops the others',
    async () => {
      const { status, stdout } = await simulate(failing('8'), [
        ...['--runs', '100000000', '--jobs', '2'],
      ]);

      assert.is(status, 1);
      assert.match(stdout, /^client failed, with seed 8, /);
    },
    CHILD,
  );

  it(
    'starts with the given seed, and accepts a string',
    async () => {
      const number = await simulate(failing('1002'), ['--seed', '1000']);
      assert.match(number.stdout, 'with seed 1002,');

      const text = await simulate(failing("'x', 'x.3'"), ['--seed', 'x']);
      assert.match(text.stdout, 'with seed x,');
    },
    CHILD,
  );

  it(
    'runs only the seed of SIMULATION_SEED',
    async () => {
      const env = { SIMULATION_SEED: '5' };
      const { status, stderr } = await simulate(failing('7'), ['--jobs', '2'], { env });

      assert.is(status, 0, stderr);
      assert.match(stderr, 'simulate: 1 of 1 runs passed');
    },
    CHILD,
  );

  it(
    'fails for a program that fails, exits early, does not call simulate(), or does not exist',
    async () => {
      const thrown = await simulate(failing('', "throw new Error('at once')"));
      assert.is(thrown.status, 1);
      assert.match(thrown.stderr, 'at once');
      assert.match(thrown.stderr, 'asyncio-ts: /program.mjs ended with status 1\n');

      const exits = await simulate(failing('5').replace(/throw [^;]*/, 'process.exit(0)'));
      assert.is(exits.status, 1);
      assert.match(exits.stdout, /^client: process\.exit\(\), with seed 5, /);

      // What process.exit() calls at last.
      const early = await simulate(failing('3').replace(/throw [^;]*/, 'process.reallyExit(0)'));
      assert.is(early.status, 1);
      assert.match(early.stderr, /asyncio-ts: \/program.mjs ended after 2 of 5 runs\n/);

      const none = await simulate('');
      assert.is(none.status, 1);
      assert.is(none.stderr, 'asyncio-ts: /program.mjs does not call simulate()\n');

      await using missing = Program.command(['simulate', path.join(tmpdir(), 'is-not-there.ts')]);
      assert.is((await missing.ends()).status, 1);
      assert.match(missing.stderr, /^asyncio-ts: no such file: .*is-not-there.ts\n$/);

      await using folder = Program.command(['simulate', tmpdir()]);
      assert.is((await folder.ends()).status, 1);
      assert.is(folder.stderr, `asyncio-ts: no such file: ${tmpdir()}\n`);
    },
    CHILD,
  );

  it(
    'runs TypeScript',
    async () => {
      const text = failing('2').replace('(world)', '(world: { seed: any } & any)');
      const { status, stdout, stderr } = await simulate(text, [], { name: 'program.mts' });

      assert.is(status, 1, stderr);
      assert.match(stdout, 'with seed 2,');
    },
    CHILD,
  );

  it(
    'stops a run that hangs, and prints its seed',
    async () => {
      const hangs = (seed: string) =>
        failing(seed, "console.log('pid', process.pid);").replace(/throw [^;]*/, 'for (;;);');
      const { status, stdout, stderr } = await simulate(hangs('5'), [
        ...['--seed', '5', '--timeout', '0.5'],
      ]);

      assert.is(status, 1);
      assert.match(
        stderr,
        /asyncio-ts: the run with seed 5 took more than 0\.5 s; see --timeout\n/,
      );
      const [, pid] = /pid (\d+)/.exec(stdout) ?? [];
      assert.throws(() => process.kill(Number(pid), 0), /ESRCH/);

      // What a program does before its runs may take longer.
      const slow = "import { setTimeout } from 'node:timers/promises'; await setTimeout(2500);";
      const patient = await simulate(failing('', slow), ['--timeout', '2']);
      assert.is(patient.status, 0, patient.stderr);

      const wrong = await simulate('', ['--timeout', 'soon']);
      assert.is(wrong.status, 2);
      assert.match(wrong.stderr, "--timeout must be a number of seconds >= 0, got 'soon'");
    },
    CHILD,
  );

  it(
    'prints a failure once',
    async () => {
      const { status, stdout, stderr } = await simulate(failing('5'), ['--seed', '5']);

      assert.is(status, 1);
      assert.match(stdout, /Error: planted/);
      assert.not.match(stderr, /planted/);
    },
    CHILD,
  );

  it(
    'reports a program that does not exit after its runs, or has none',
    async () => {
      const folder = mkdtempSync(path.join(root, 'dist-test', 'simulate-'));
      try {
        const file = path.join(folder, 'alive.mjs');
        for (const text of [
          failing('', 'setInterval(() => {}, 1000);'),
          'setInterval(() => {}, 1000);',
        ]) {
          writeFileSync(file, text);
          await using program = Program.command(['simulate', file, '--timeout', '1']);
          await program.shows(
            /simulate: .*alive\.mjs runs no simulation: perhaps a timer or a server keeps it alive\n/,
            { from: 'stderr' },
          );
          program.signal('SIGTERM');

          assert.is((await program.ends()).status, 143);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    CHILD,
  );

  it(
    'refuses a nonexistent directory for its diagram before the first run',
    async () => {
      const file = path.join(root, 'package.json');
      const args = ['--svg', path.join(tmpdir(), 'is-not-there', 'a.svg')];
      await using program = Program.command(['simulate', file, ...args]);

      assert.is((await program.ends()).status, 1);
      assert.match(program.stderr, /^asyncio-ts: no such folder: .*is-not-there\n$/);
    },
    CHILD,
  );

  it(
    'shows where the program passes an invalid option',
    async () => {
      for (const [option, message] of [
        ['runs: 0', 'RangeError: runs must be an integer >= 1, got 0'],
        ['run: 5', "TypeError: unexpected option 'run', expected "],
      ] as const) {
        const text = failing('').replace('runs: 5', option);
        const { status, stderr } = await simulate(text);

        assert.is(status, 1);
        assert.match(stderr, message);
        assert.match(stderr, /^ {4}at async .*\/program\.mjs:5:3\)?$/m);
        assert.ok(stderr.length < 1000, stderr.slice(0, 1000));
      }
    },
    CHILD,
  );

  it(
    'warns if a second run with the first seed differs',
    async () => {
      const text = failing('').replace('await world', 'world.note(Math.random()); await world');
      for (const jobs of ['1', '2']) {
        const { status, stderr } = await simulate(text, ['--runs', '6', '--jobs', jobs]);

        assert.is(status, 0);
        assert.match(
          stderr,
          /^simulate: .*\nsimulate: seed 1: The same seed gave another run .*: 0\.\d+\n.*: 0\.\d+\nsimulate: 6 of 6 /s,
        );
        assert.is(stderr.match(/another run/g)?.length, 1);
      }
    },
    CHILD,
  );

  it(
    'stops its child processes when it is interrupted',
    async () => {
      const folder = mkdtempSync(path.join(root, 'dist-test', 'simulate-'));
      try {
        const file = path.join(folder, 'endless.mjs');
        writeFileSync(file, failing('', "console.log('pid', process.pid);"));
        await using program = Program.command(['simulate', file, '--runs', '100000000']);
        const [, pid] = await program.shows(/pid (\d+)/);
        program.signal('SIGINT');

        assert.is((await program.ends()).status, 130, program.stderr);
        assert.throws(() => process.kill(Number(pid), 0), /ESRCH/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    CHILD,
  );
});
