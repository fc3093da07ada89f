import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { type Ended, runFile } from '../support/child.ts';

/** How a program ends, by the word that test/runners/fixtures/program.ts knows it by. */
interface Ending {
  readonly word: string;
  readonly says: string;
  readonly status: number | NodeJS.Signals;
  readonly stdout?: string;
  readonly stderr?: string | RegExp;
  readonly cpython?: readonly string[];
  /** Is it run in both ways? By default only awaited. */
  readonly bothWays?: boolean;
  /** How often it runs in its process, to the same end each time, where that depended on chance. */
  readonly times?: number;
  /** What each of these runs but the last one rejects with. */
  readonly rejects?: string;
}

type Way = 'awaited' | 'un-awaited';

/** How often a program runs whose outcome depended on chance. */
const TIMES = 4;

const INTERRUPTED = { status: 130, stderr: 'KeyboardInterrupt\n' };
const INTERRUPTED_EACH_TIME = { ...INTERRUPTED, times: TIMES, rejects: 'KeyboardInterrupt' };

const endings: readonly Ending[] = [
  {
    word: 'returns',
    bothWays: true,
    says: 'ends the process, whatever is still pending',
    status: 0,
    stdout: 'main ends\n',
  },
  {
    word: 'fails',
    bothWays: true,
    says: 'prints the error of main, as Node does',
    status: 1,
    stderr: /RangeError: main failed\n +at fails/,
  },
  {
    word: 'interrupted',
    bothWays: true,
    says: 'ends with status 130 and one line when Ctrl-C is pressed',
    stdout: 'main cleans up\n',
    ...INTERRUPTED,
  },
  {
    word: 'interrupted twice',
    says: 'ends on the second Ctrl-C if main continues after the first',
    ...INTERRUPTED,
  },
  {
    word: 'interrupted twice in a foreign wait',
    says: 'ends on the second Ctrl-C, once the promise that main awaits is settled',
    ...INTERRUPTED,
  },
  {
    word: 'swallows',
    says: 'continues after a Ctrl-C that main swallows',
    status: 0,
    stdout: 'main ends\n',
  },
  {
    word: 'exits with 3',
    bothWays: true,
    says: 'ends with the status of a SystemExit, and prints nothing',
    status: 3,
  },
  {
    word: 'exits in a task',
    says: 'ends with the status of a SystemExit in any task',
    status: 3,
  },
  {
    word: 'raises in a task',
    says: 'ends with one line at a KeyboardInterrupt in any task',
    ...INTERRUPTED,
  },
  {
    word: 'raises in a callback',
    says: 'ends with one line at a KeyboardInterrupt in a callback',
    ...INTERRUPTED,
  },
  {
    word: 'signals itself and sleeps',
    says: 'cancels main if it sends itself a SIGINT and waits',
    stdout: 'in main: CancelledError\n',
    ...INTERRUPTED_EACH_TIME,
  },
  {
    word: 'signals itself and takes a turn',
    says: 'cancels main if it sends itself a SIGINT in the first turn, and takes another turn',
    stdout: 'in main: CancelledError\n',
    ...INTERRUPTED_EACH_TIME,
  },
  {
    word: 'signals itself and returns',
    says: 'is interrupted if main sends itself a SIGINT and returns',
    stdout: 'main goes on\n',
    ...INTERRUPTED_EACH_TIME,
  },
  {
    word: 'signals itself late and returns',
    says: 'is interrupted if main sends itself a SIGINT after a while and returns',
    stdout: 'main goes on\n',
    ...INTERRUPTED_EACH_TIME,
  },
  {
    word: 'signals itself and throws a cancel',
    says: 'is interrupted if main sends itself a SIGINT and throws a CancelledError',
    stdout: 'in main: CancelledError\n',
    ...INTERRUPTED_EACH_TIME,
  },
  {
    word: 'signals itself and fails',
    says: 'fails like main if main sends itself a SIGINT and fails',
    status: 1,
    stdout: 'in main: RangeError\n',
    stderr: /RangeError: main failed\n/,
    times: TIMES,
    rejects: 'RangeError',
  },
  {
    word: 'fails after a caught interrupt',
    says: 'prints a later failure if the KeyboardInterrupt was caught',
    status: 1,
    stdout: 'main cleans up\ncaught\n',
    stderr: /RangeError: main failed\n/,
  },
  {
    word: 'fails uncaught after a caught interrupt',
    says: 'ends immediately on a later failure if the KeyboardInterrupt was caught, and notifies monitors once',
    status: 1,
    stdout: 'main cleans up\ncaught\nmonitor: a callback failed\n',
    stderr: /RangeError: a callback failed\n/,
  },
  {
    word: 'terminated',
    bothWays: true,
    says: 'cleans up and ends with status 143 on a SIGTERM in its signals, and prints nothing',
    status: 143,
    stdout: 'main cleans up\n',
  },
  {
    word: 'terminated, and caught',
    says: 'rejects with a SystemExit that can be caught, and stops listening',
    status: 0,
    stdout: 'main cleans up\nSystemExit 143 0\n',
  },
  {
    word: 'terminated, and swallows',
    says: 'continues after a SIGTERM that main swallows',
    status: 0,
    stdout: 'main ends\n',
  },
  {
    word: 'terminates itself and returns',
    says: 'ends with status 143 if main sends itself a SIGTERM and returns',
    times: TIMES,
    rejects: 'SystemExit',
    status: 143,
    stdout: 'main goes on\n',
  },
  {
    word: 'terminated at its end',
    says: 'ends its tasks, then the process with status 143, if SIGTERM arrives after main',
    status: 143,
    stdout: 'a task cleans up\n',
  },
  {
    word: 'terminated twice',
    says: 'is killed by the second SIGTERM',
    status: 'SIGTERM',
  },
  {
    word: 'terminated, with a handler of its own',
    says: 'leaves SIGTERM to a handler of the loop',
    status: 0,
    stdout: 'main ends\n',
  },
  {
    word: 'interrupted, by tasks without uncancel',
    says: 'rejects with the CancelledError if the tasks have no uncancel()',
    status: 0,
    stdout: 'main cleans up\nCancelledError\n',
    cpython: ['test_runners.py::RunTests::test_asyncio_run_without_uncancel'],
  },
];

const FILE = 'test/runners/fixtures/program.ts';
/** Every program, in the ways that it is run. */
const programs = endings.flatMap((ending): (Ending & { readonly way: Way })[] => [
  { ...ending, way: 'awaited' },
  ...(ending.bothWays ? [{ ...ending, way: 'un-awaited' as const }] : []),
]);
/** How they end: all are started at once, with the first test, for a start takes its time. */
let started: Map<object, Promise<Ended>> | undefined;

function endOf(program: (typeof programs)[number]): Promise<Ended> {
  started ??= new Map(
    programs.map((each) => {
      const { word, way, times = 1 } = each;
      const args = way === 'awaited' ? [word, way, String(times)] : [word];
      return [each, runFile(FILE, { args })];
    }),
  );
  return started.get(program) as Promise<Ended>;
}

for (const asked of ['awaited', 'un-awaited'] as const)
  behaviour(`run, ${asked}`, (it) => {
    for (const program of programs.filter(({ way }) => way === asked))
      it(
        program.says,
        async () => {
          const { stdout = '', stderr = '', status, times = 1, rejects } = program;

          const ended = await endOf(program);

          if (typeof stderr === 'string') assert.is(ended.stderr, stderr);
          else assert.match(ended.stderr, stderr);
          assert.is(ended.stdout, `${stdout}${rejects}\n`.repeat(times - 1) + stdout);
          assert.is(ended.status, status);
        },
        { seconds: 30, cpython: program.cpython ?? [] },
      );
  });

behaviour('run in a worker', (it) => {
  it(
    'works without signals',
    async () => {
      const { status, stdout, stderr } = await runFile('test/runners/fixtures/in-a-worker.ts');

      assert.is(stderr, '');
      assert.is(stdout, 'done in a worker\n');
      assert.is(status, 0);
    },
    {
      seconds: 30,
      cpython: ['test_runners.py::RunnerTests::test_signal_install_not_supported_ok'],
    },
  );
});
