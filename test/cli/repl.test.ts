import module from 'node:module';
import * as assert from 'uvu/assert';
import { behaviour, type Options } from '../support/behaviour.ts';
import { Program } from '../support/program.ts';
import { interrupt } from './support/interrupt.ts';

/** A start of Node takes a tenth of a second, and several on a busy machine. */
const CHILD: Options = { seconds: 30 };
/** Tells when code that awaits has begun to wait. */
const SOON = "setTimeout(() => console.log('begun'), 20)";
const END = '> exiting asyncio REPL...\n';

/** What is printed for each line of `code`, and the status. */
async function answers(code: string, args: string[] = ['repl']) {
  await using program = Program.command(args, { hasInput: true });
  program.type(code);
  program.endInput();
  const { status } = await program.ends(25);
  const [banner = '', ...printed] = program.stdout.split(/^(?=> )/m);
  return { banner, printed: printed.join(''), status, stderr: program.stderr };
}

behaviour('asyncio-ts repl', (it) => {
  for (const args of [['repl'], []])
    it(
      `prints its banner, runs code, and exits at the end of its input: asyncio-ts ${args.join('')}`,
      async () => {
        const { banner, printed, status, stderr } = await answers('1 + 1\nsocket.AF_INET\n', args);

        assert.match(banner, /^asyncio-ts REPL on Node\.js v\d+\.\d+\.\d+\nUse "await" directly/);
        assert.is(printed, `> 2\n> 2\n${END}`);
        assert.is(stderr, '');
        assert.is(status, 0);
      },
      CHILD,
    );

  it(
    'awaits, and runs the next line when the previous one has finished',
    async () => {
      const { printed } = await answers(
        'await asyncio.sleep(0.05, 5)\nconst x = await asyncio.sleep(0.05, 6)\nx\n',
      );

      assert.is(printed, `> 5\n> > 6\n${END}`);
    },
    CHILD,
  );

  it(
    'prints the outcome of an await that failed, even if it is not an error',
    async () => {
      const { printed } = await answers(
        ["await Promise.reject('')", 'await Promise.reject(0)', 'await Promise.reject()', '1'].join(
          '\n',
        ),
      );

      assert.is(printed, `> Uncaught ''\n> Uncaught 0\n> Uncaught undefined\n> 1\n${END}`);
    },
    CHILD,
  );

  it(
    'runs each piece of code in a task, alongside the tasks it creates',
    async () => {
      const lines = [
        'const t = asyncio.createTask(async () => { await asyncio.sleep(0.01); return 7; })',
        'asyncio.currentTask() instanceof asyncio.Task',
        'await t',
        'async function f(n) {',
        '  return await asyncio.sleep(0, n);',
        '}',
        'await asyncio.gather(f(1), f(2))',
      ];
      const { printed } = await answers(`${lines.join('\n')}\n`);

      // Node's prompt for a line that goes on is `...` or `|`.
      assert.is(printed.replace(/(?:(?:\.\.\.|\|) )+/, ''), `> > true\n> 7\n> > [ 1, 2 ]\n${END}`);
    },
    CHILD,
  );

  it(
    'continues after errors',
    async () => {
      const { printed, status } = await answers(
        "throw new Error('one')\nawait Promise.reject(new RangeError('two'))\nfoo bar\n3\n",
      );

      assert.match(printed, /^> Uncaught Error: one\n/);
      assert.match(printed, /\n> Uncaught RangeError: two\n/);
      assert.match(printed, /SyntaxError: Unexpected identifier/);
      assert.match(printed, /\n> 3\n> exiting asyncio REPL\.\.\.\n$/);
      assert.is(status, 0);
    },
    CHILD,
  );

  it(
    'cancels the remaining tasks, and waits for them',
    async () => {
      const { printed } = await answers(
        'const t = asyncio.createTask(() => asyncio.sleep(99).finally(() => console.log("clean")))\n' +
          'await asyncio.sleep(0)\n',
      );

      assert.match(printed, /clean\nexiting asyncio REPL\.\.\.\n$/);
    },
    CHILD,
  );

  it(
    'exits with the status of a SystemExit, thrown at the prompt or in a task',
    async () => {
      const thrown = await answers(
        'new asyncio.SystemExit(4)\nthrow new asyncio.SystemExit(3)\n5\n',
      );
      const inTask = await answers(
        'const t = asyncio.createTask(async () => { throw new asyncio.SystemExit(6); })\n' +
          'await asyncio.sleep(9)\n',
      );

      assert.is(thrown.status, 3);
      assert.not.match(thrown.printed, '> 5');
      assert.is(inTask.status, 6);
    },
    CHILD,
  );

  const interruptible = [
    ['an await of ours', `${SOON}; await asyncio.sleep(100)`],
    ['an await of another promise', `${SOON}; await new Promise(() => {})`],
    ['a limit around one', `${SOON}; await asyncio.timeout(99, () => new Promise(() => {}))`],
    [
      'code in the middle of a write',
      'process.stdout._write = function (bytes) ' +
        "{ delete this._write; fs.writeSync(1, bytes); for (;;); }; console.log('begun')",
    ],
  ] as const;
  for (const [what, code] of interruptible)
    it(
      `interrupts ${what} on Ctrl-C, and continues`,
      async () => {
        await using program = Program.command(['repl'], { hasInput: true });
        await interrupt(program, code);
        program.type('40 + 2\n');
        await program.shows(/> 42\n/);

        program.signal('SIGINT');
        await program.shows(/\nKeyboardInterrupt\n> $/);
        program.endInput();

        assert.is((await program.ends(15)).status, 0);
        assert.is(program.stderr, '');
      },
      CHILD,
    );

  it(
    'lets code clean up after Ctrl-C',
    async () => {
      await using program = Program.command(['repl'], { hasInput: true });
      program.type(
        `try { ${SOON}; await asyncio.sleep(99) } ` +
          'finally { await asyncio.sleep(0.01); console.log("clean") }\n',
      );
      await program.shows(/begun\n/);
      program.signal('SIGINT');

      await program.shows(/clean\nUncaught KeyboardInterrupt\n/);
      program.endInput();
      await program.ends(15);
    },
    CHILD,
  );

  const typescript = async (): Promise<void> => {
    const { printed, stderr } = await answers(
      'interface A {\n  n: number\n}\nconst f = (a: A): number => {\n  return a.n;\n}\n' +
        'f({ n: 4 } as A)\nconst s: string = = 5\n',
    );

    assert.match(printed, /> 4\n> [\s\S]*SyntaxError/);
    assert.is(stderr, '');
  };
  if ('stripTypeScriptTypes' in module) it('accepts TypeScript', typescript, CHILD);
  else it.skip('accepts TypeScript', 'this Node cannot strip types', typescript, CHILD);
});
