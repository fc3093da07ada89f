import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { type Ended, runFile } from '../../support/child.ts';

const BASE = 'test_futures.py::BaseFutureTests::';
const SECONDS = 60;

/** Runs one of the programs; `with`: what the environment says besides. */
function report(program: string, env: Record<string, string> = {}): Promise<Ended> {
  return runFile('test/core/children/reports.ts', { args: [program], env });
}

// All at once, for each of them mostly waits.
const ended = new Map(
  ['future', 'task', 'outlived', 'referenced', 'silent', 'large', 'thousand', 'switchedOff'].map(
    (program) => [program, report(program)],
  ),
);
const inDebugMode = report('task', { ASYNCIO_DEBUG: '1' });
const collectorOff = report('environment', { ASYNCIO_COLLECTOR: 'off' });

async function outcome(program: string): Promise<Ended> {
  return (await ended.get(program)) as Ended;
}

behaviour('A failure that nobody retrieves', (it) => {
  it(
    'is reported when the future is collected, while the program runs',
    async () => {
      const { stdout, stderr, status } = await outcome('future');

      assert.match(
        stderr,
        /^Future exception was never retrieved\nfuture: <Future finished exception=RangeError\('boom'\)>\nRangeError: boom\n {4}at future \(.*reports\.ts:\d+:\d+\)\n/,
      );
      assert.is(stdout, 'said while running: true\n');
      assert.is(status, 0);
    },
    {
      seconds: SECONDS,
      cpython: [
        `${BASE}test_tb_logger_exception_unretrieved`,
        `${BASE}test_future_exception_never_retrieved`,
      ],
    },
  );

  it(
    'is reported with the name of the task and the coroutine',
    async () => {
      const { stdout, stderr } = await outcome('task');

      assert.match(
        stderr,
        /^Task exception was never retrieved\nfuture: <Task finished name='Task-2' coro=<zeroError\(\) done> exception=RangeError\('division by zero'\)>\nRangeError: division by zero\n {4}at zeroError \(.*reports\.ts:\d+:\d+\)\n$/,
      );
      assert.is(stdout, 'said while running: true\n');
    },
    {
      seconds: SECONDS,
      cpython: ['test_base_events.py::BaseEventLoopTests::test_default_exc_handler_coro'],
    },
  );

  it(
    'is reported even while a timer that the task created is pending',
    async () => {
      const { stdout, stderr } = await outcome('outlived');

      assert.is(stdout, 'said while running: true\n');
      assert.match(stderr, / coro=<leavesTimer\(\) done> exception=RangeError\('boom'\)>\n/);
    },
    { seconds: SECONDS },
  );

  it(
    'is reported in debug mode with the place where the task was created',
    async () => {
      const { stderr } = await inDebugMode;

      assert.match(
        stderr,
        /^Task exception was never retrieved\nfuture: <Task finished .* created at test\/core\/children\/reports\.ts:\d+>\nsource_traceback: Object created at \(most recent call first\):\n {4}at task \(.*reports\.ts:\d+:\d+\)\n(?: {4}at .*\n)*RangeError: division by zero\n/,
      );
    },
    { seconds: SECONDS, cpython: [`${BASE}test_future_exception_never_retrieved_debug`] },
  );

  it(
    'is reported at the end of the process if something still refers to the task',
    async () => {
      const { stdout, stderr } = await outcome('referenced');

      assert.is(stdout, 'said while running: false\n');
      assert.match(stderr, /^Task exception was never retrieved\nfuture: <Task finished /);
    },
    { seconds: SECONDS },
  );

  it(
    'is not reported if it was retrieved, or if there is none',
    async () => {
      const { stdout, stderr } = await outcome('silent');

      assert.is(stderr, '');
      assert.is(stdout, 'said while running: false\n');
    },
    {
      seconds: SECONDS,
      cpython: [
        `${BASE}test_tb_logger_abandoned`,
        `${BASE}test_tb_logger_not_called_after_cancel`,
        `${BASE}test_tb_logger_result_unretrieved`,
        `${BASE}test_tb_logger_result_retrieved`,
        `${BASE}test_tb_logger_exception_retrieved`,
        `${BASE}test_tb_logger_exception_result_retrieved`,
      ],
    },
  );

  it(
    'is reported while the program runs, even if its heap is large',
    async () => {
      const { stdout, stderr } = await outcome('large');

      assert.is(stdout, 'said while running: true, beside 1000000 objects\n');
      assert.match(stderr, /^Task exception was never retrieved\n/);
    },
    { seconds: SECONDS },
  );

  it(
    'is reported once for each of a thousand tasks, by its name',
    async () => {
      const { stderr } = await outcome('thousand');

      const named = [...stderr.matchAll(/^future: .* name='failing-(\d+)' .*'boom (\d+)'/gm)];
      assert.is(stderr.match(/^Task exception was never retrieved$/gm)?.length, 1000);
      assert.is(new Set(named.map(([, name]) => name)).size, 1000);
      assert.ok(named.every(([, name, text]) => name === text));
    },
    { seconds: SECONDS },
  );
});

behaviour('setCollectorEnabled', (it) => {
  it(
    'leaves the reports to the end of the process if it is switched off',
    async () => {
      const { stdout, stderr } = await outcome('switchedOff');

      assert.is(stdout, 'said while running: false\n');
      assert.match(stderr, /^Task exception was never retrieved\n/);
    },
    { seconds: SECONDS },
  );

  it(
    'is off from the start if ASYNCIO_COLLECTOR is off',
    async () => {
      const { stdout, stderr } = await collectorOff;

      assert.is(stdout, 'false, said while running: false\n');
      assert.match(stderr, /^Task exception was never retrieved\n/);
    },
    { seconds: SECONDS },
  );
});
