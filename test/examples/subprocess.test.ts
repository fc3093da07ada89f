import * as assert from 'uvu/assert';
import { createSubprocessExec, type Process, subprocess } from '../../src/index.ts';
import { behaviour } from '../support/behaviour.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { Program, root, typescript } from '../support/program.ts';

behaviour('examples/subprocess/', (it) => {
  it(
    'communicate.ts gives the output of a program, and kills one that takes too long',
    async () => {
      await using program = Program.typescript('examples/subprocess/communicate.ts', [], {
        env: { LIMIT: '0.5' },
      });
      assert.equal(await program.ends(60), { status: 0, signal: null }, program.stderr);
      assert.is(program.stderr, '');
      assert.is(program.stdout, 'apple\nfig\npear\n\nsleep took too long, and was killed\n');
    },
    { seconds: 60 },
  );
});

const { PIPE } = subprocess;
const LINES = { clock: 'real', seconds: 60 } as const;

loopBehaviour('examples/subprocess/stdin-lines.ts', (it) => {
  const started = (patience: string): Promise<Process> =>
    createSubprocessExec(process.execPath, ...typescript('examples/subprocess/stdin-lines.ts'), {
      stdin: PIPE,
      stdout: PIPE,
      cwd: root,
      env: { ...process.env, PATIENCE: patience },
    });

  it(
    'answers each line, until the end',
    async () => {
      const child = await started('50');
      child.stdin?.write('one\n');
      assert.is(String(await child.stdout?.readline()), '1: one\n');
      child.stdin?.write('two\nthree');
      assert.is(String(await child.stdout?.readline()), '2: two\n');
      child.stdin?.close();
      assert.is(String(await child.stdout?.read()), '3: three\n3 lines\n');
      assert.is(await child.wait(), 0);
    },
    LINES,
  );

  it(
    'gives up and ends if there is no input for a while',
    async () => {
      const child = await started('0.1');
      assert.is(String(await child.stdout?.read()), 'no more input\n');
      assert.is(await child.wait(), 0);
    },
    LINES,
  );
});
