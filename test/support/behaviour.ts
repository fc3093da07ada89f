/**
 * Declares tests. All tests use this instead of uvu, because uvu 0.5.6 has traps: it reports success
 * if a test rejects with a non-Error, if a suite is never run, and if a file declares nothing; and it
 * has no time limits.
 *
 * Here, every suite runs itself, every test has a deadline, every failure is an Error, and outcomes
 * are counted independently of uvu: the last line on stdout is `N passed, N failed, N skipped`, and
 * the process fails unless every declared test passed or was skipped with a reason.
 *
 * test/support/behaviour.test.ts checks that each of these traps makes a run fail.
 */
import { appendFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { suite } from 'uvu';
import { inStore } from './in-stores.ts';

/** The body of a test. It passes if it returns, or if the promise that it returns is fulfilled. */
export type Scenario = () => unknown;

/** Options of a test. */
export interface Options {
  /** How long it may take, in seconds. */
  seconds?: number;
  /** The CPython tests that it covers: `test_futures.py::BaseFutureTests::test_cancel`. */
  cpython?: readonly string[];
}

/** Declares one test. The sentence continues the subject, and starts with a verb. */
export interface It {
  (sentence: string, scenario: Scenario, options?: Options): void;
  /** Declares a test that does not run here, and says why. */
  skip(sentence: string, reason: string, scenario?: Scenario, options?: Options): void;
}

/** One line of the file that the environment variable ASYNCIO_TEST_RESULTS names. */
export interface Result {
  file: string;
  subject: string;
  sentence: string;
  outcome: 'passed' | 'failed' | 'skipped' | 'not run';
  reason?: string;
  cpython: readonly string[];
}

/** How long a test may take by default, in seconds. */
const DEADLINE = 10;
/** How long the process may outlive its last test, in seconds. Anything still open after that is a leak. */
const GRACE = 1;

const { setTimeout, clearTimeout } = globalThis; // a test may put a virtual clock in their place
const results: Result[] = [];
/** Errors that were thrown while no test was running. */
let strays = 0;
/** The names of the files that uvu has loaded, including those that declare nothing. */
const files = new Set<string>();
/** Fails the test that is running. */
let interrupt: ((error: unknown) => void) | undefined;

// Child processes that tests start are separate runs.
const resultsFile = process.env['ASYNCIO_TEST_RESULTS'];
delete process.env['ASYNCIO_TEST_RESULTS'];

/** Declares the tests of one subject, the public name that they test. */
export function behaviour(subject: string, declare: (it: It) => void): void {
  const group = suite(subject);
  const file = currentFile();
  const record = (sentence: string, cpython: readonly string[] = []): Result => {
    const result: Result = { file, subject, sentence, outcome: 'not run', cpython };
    results.push(result);
    return result;
  };

  const it: It = (sentence, scenario, { seconds = DEADLINE, cpython } = {}) => {
    const result = record(sentence, cpython);
    group(sentence, async () => {
      currentFile();
      try {
        await within(seconds, scenario);
        result.outcome = 'passed';
      } catch (error) {
        result.outcome = 'failed';
        throw presentable(error);
      } finally {
        if (result === results.findLast(({ outcome }) => outcome !== 'skipped')) endSoon();
      }
    });
  };
  it.skip = (sentence, reason, _scenario, { cpython } = {}) => {
    if (typeof reason !== 'string' || reason.trim() === '')
      throw new TypeError(`a skip needs a reason: ${subject} ${sentence}`);
    Object.assign(record(sentence, cpython), { outcome: 'skipped', reason });
    group.skip();
  };

  declare(it);
  group.run();
}

/** Runs `scenario`. Rejects if it takes too long, or if there is an uncaught error meanwhile. */
async function within(seconds: number, scenario: Scenario): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    interrupt = reject;
    const late = (): void => reject(new Error(`not done after ${seconds} s`));
    timer = setTimeout(late, seconds * 1000); // keeps the process alive until then
  });
  try {
    await Promise.race([inStore(scenario), ended]);
  } finally {
    clearTimeout(timer);
    interrupt = undefined;
  }
}

/** Returns an Error that uvu can print: it fails on anything else, and hides causes. */
function presentable(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(`threw ${inspect(error)}, not an Error`);
  const { name, message, stack, cause, details } = error as Error & { details?: unknown };
  const plain = [name, message, stack, details ?? ''].every((text) => typeof text === 'string');
  return plain && cause === undefined && !('errors' in error) ? error : new Error(inspect(error));
}

/** Returns the file that uvu is loading, and records all names that uvu still has. */
function currentFile(): string {
  const { UVU_QUEUE: queue = [], UVU_INDEX: index = 0 } = globalThis as typeof globalThis & {
    UVU_QUEUE?: unknown[][];
    UVU_INDEX?: number;
  };
  for (const [name] of queue) if (typeof name === 'string') files.add(name);
  return String(queue[index]?.[0]);
}

/** Ends the process if something keeps it alive after the last test. */
function endSoon(): void {
  const end = (): void => {
    const alive = process.getActiveResourcesInfo().join(', ');
    stray(new Error(`still open ${GRACE} s after the last test: ${alive}`));
    process.exit(1);
  };
  setTimeout(end, GRACE * 1000).unref();
}

function stray(error: unknown): void {
  strays += 1;
  console.error(`\n  FAIL  between tests\n    ${inspect(presentable(error))}`);
}

process.on('uncaughtException', (error) => (interrupt ?? stray)(error));

process.once('exit', () => {
  const count = (wanted: Result['outcome']): number =>
    results.filter(({ outcome }) => outcome === wanted).length;
  for (const { outcome, subject, sentence, reason } of results)
    if (outcome === 'skipped' || outcome === 'not run')
      console.log(`  ${outcome}: ${subject} ${sentence}${reason ? ` (${reason})` : ''}`);
  const empty = [...files].filter((name) => results.every(({ file }) => file !== name));
  if (empty.length > 0) console.log(`  without a test: ${empty.join(', ')}`);
  if (resultsFile)
    appendFileSync(resultsFile, results.map((result) => `${JSON.stringify(result)}\n`).join(''));

  const failed = count('failed') + count('not run') + strays + empty.length;
  console.log(`${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`);
  if (failed > 0 || results.length === 0) process.exitCode = 1;
});
