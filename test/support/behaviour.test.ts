import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import * as assert from 'uvu/assert';
import { behaviour, type Result } from './behaviour.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-behaviour-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const resultsFile = path.join(folder, 'results.jsonl');

interface Outcome {
  status: number | null;
  /** The last line on stdout. */
  tally: string | undefined;
  output: string;
}

/** Runs one of the planted files, as npm test runs the others. */
async function run(name: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const child = spawn(
    process.execPath,
    [
      ...['--import', './test/support/preload.mjs', 'node_modules/uvu/bin.js'],
      ...['test/support/planted', `^(${name})\\.ts$`],
    ],
    { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ]);
  const output = stripVTControlCharacters(stdout + stderr);
  return { status, tally: stdout.trimEnd().split('\n').at(-1), output };
}

/** The planted files, the last line that each must print, and what its output must show. */
const planted: [what: string, name: string, tally: string, shown: RegExp[]][] = [
  [
    'every test that fails, and runs the one after them',
    'failures',
    '1 passed, 7 failed, 0 skipped',
    [
      /asserts what is not so"\s+Expected values to be strictly equal/,
      /rejects with a string"\s+threw 'a string', not an Error/,
      /rejects with undefined"\s+threw undefined, not an Error/,
      /throws an Error that uvu cannot print"\s+.*odd/,
      /hides a failure behind one of its cleanup"\s+the cleanup failed/,
      /never settles"\s+not done after 0.1 s/,
      /leaves a rejection to nobody"\s+a rejection escaped/,
    ],
  ],
  [
    'a test that never settles, and the socket that it leaves open',
    'hangs-open',
    '1 passed, 2 failed, 0 skipped',
    [/not done after 0.1 s/, /still open 1 s after the last test: .*TCPServerWrap/],
  ],
  ['a run without a test', 'empty', '0 passed, 0 failed, 0 skipped', [/Total: +0/]],
  [
    'a file without a test, next to a good one',
    'declares-none|empty|good',
    '2 passed, 2 failed, 1 skipped',
    [/without a test: declares-none.ts, empty.ts/],
  ],
  [
    'a declaration that throws, such as a skip without a reason',
    'declaration-throws',
    '0 passed, 1 failed, 0 skipped',
    [/not run: declaration-throws never runs/, /a skip needs a reason: declaration-throws is/],
  ],
  [
    'an error that escapes after its test',
    'error-escapes',
    '1 passed, 1 failed, 0 skipped',
    [/between tests\s+Error: escaped/],
  ],
  [
    'a test that ends the process',
    'exits',
    '0 passed, 2 failed, 0 skipped',
    [/not run: exits never runs/],
  ],
];

// All are started at once, before the first is needed, because each takes a third of a second to start.
const good = run('good', { ASYNCIO_TEST_RESULTS: resultsFile });
const outcomes = new Map(planted.map(([, name]) => [name, run(name)]));

behaviour('behaviour', (it) => {
  it(
    'passes a good file, and says why a test was skipped',
    async () => {
      const { status, tally, output } = await good;

      assert.is(status, 0, output);
      assert.is(tally, '2 passed, 0 failed, 1 skipped');
      assert.match(output, 'skipped: good waits for better days (planted)');
    },
    { seconds: 20 },
  );

  it('writes every outcome to the file that is asked for', async () => {
    await good;

    const lines = readFileSync(resultsFile, 'utf8').trimEnd().split('\n');
    const results = lines.map((line) => JSON.parse(line) as Result);
    assert.equal(results, [
      {
        file: 'good.ts',
        subject: 'good',
        sentence: 'passes',
        outcome: 'passed',
        cpython: ['test_futures.py::FutureTests::test_cancel'],
      },
      {
        file: 'good.ts',
        subject: 'good',
        sentence: 'passes in a while',
        outcome: 'passed',
        cpython: [],
      },
      {
        file: 'good.ts',
        subject: 'good',
        sentence: 'waits for better days',
        outcome: 'skipped',
        reason: 'planted',
        cpython: [],
      },
    ]);
  });

  for (const [what, name, expected, shown] of planted) {
    it(
      `fails ${what}`,
      async () => {
        const { status, tally, output } = (await outcomes.get(name)) as Outcome;

        assert.is(status, 1, output);
        assert.is(tally, expected, output);
        for (const text of shown) assert.match(output, text);
      },
      { seconds: 20 },
    );
  }
});
