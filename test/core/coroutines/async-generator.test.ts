import * as assert from 'uvu/assert';
import { CancelledError } from '../../../src/base/errors/errors.ts';
import { asyncgen } from '../../../src/core/coroutines/async-generator.ts';
import { run } from '../../../src/runners/runner.ts';
import { sleep } from '../../../src/tasks/sleep.ts';
import { behaviour } from '../../support/behaviour.ts';
import { runFile } from '../../support/child.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const TESTS = 'test_base_events.py::BaseEventLoopTests::';

// What waits for the collector, all at once.
const collected = runFile('test/core/children/generators.ts', { args: ['collected'] });
const inDebugMode = runFile('test/core/children/generators.ts', { args: ['collected', 'debug'] });

const STORY = [
  '{ started: true, stopped: true, finalized: false }',
  '{ started: true, stopped: true, finalized: true }',
  '',
].join('\n');

/** Yields 1, 2 and 3, and writes down that it ends. */
function numbers(ended: string[], name = 'ended'): () => AsyncGenerator<number, void, unknown> {
  return asyncgen(async function* oneToThree() {
    try {
      for (const n of [1, 2, 3]) {
        await sleep(0);
        yield n;
      }
    } finally {
      await sleep(0);
      ended.push(name);
    }
  });
}

loopBehaviour('asyncgen', (it) => {
  it('refuses anything but an async generator function', async () => {
    for (const body of [5, null, async () => {}, function* () {}, async function work() {}])
      throws(() => asyncgen(body as never), TypeError, {
        message: /^an async generator function was expected, got /,
      });
  });

  it('refuses, in the call, anything but an async generator that a plain function returns', async () => {
    const odd = asyncgen(function odd() {
      return 5;
    } as never);

    throws(odd, TypeError, { message: 'odd() must return an async generator, got 5' });
  });

  it('returns generators that yield what the function yields', async (loop) => {
    const ended: string[] = [];
    const seen: number[] = [];

    for await (const n of numbers(ended)()) seen.push(n);

    assert.equal([seen, ended], [[1, 2, 3], ['ended']]);
    assert.is(loop._asyncgens._open.size, 0);
  });

  it('passes values in, errors in and the end out', async () => {
    const sums = asyncgen(async function* sums(): AsyncGenerator<number, string, number> {
      let sum = 0;
      try {
        for (;;) sum += yield sum;
      } catch {
        return `at ${sum}`; // what was thrown in
      }
    });
    const generator = sums();

    const first = await generator.next();
    const second = await generator.next(5);
    const last = await generator.throw(new Error('enough'));

    assert.equal([first.value, second.value, last], [0, 5, { done: true, value: 'at 5' }]);
  });

  it('prints like Python’s', () => {
    const generator = numbers([])();

    assert.is(String(generator), '<async_generator object oneToThree>');
    assert.is(Object.prototype.toString.call(generator), '[object AsyncGenerator]');
    return Promise.resolve();
  });

  it('refuses anything but a function', async () => {
    throws(() => asyncgen(1 as never), TypeError, { message: /async generator function/ });
  });

  it('is closed by await using', async () => {
    const ended: string[] = [];
    {
      await using generator = numbers(ended)();
      await generator.next();
    }
    assert.equal(ended, ['ended']);
  });

  it('runs its finally block when the task that waits in it is cancelled', async (loop) => {
    const ended: string[] = [];
    const task = loop.createTask(async () => {
      for await (const _ of numbers(ended)()) await sleep(10);
    });
    await sleep(1);

    task.cancel();

    await rejects(task, CancelledError);
    assert.equal(ended, ['ended']);
  });
});

loopBehaviour('loop.shutdownAsyncgens', (it) => {
  it('closes those that have started and not ended', async (loop) => {
    const ended: string[] = [];
    const [open, untouched, over] = ['open', 'untouched', 'over'].map((name) =>
      numbers(ended, name)(),
    );
    await open?.next();
    for await (const _ of over as AsyncGenerator) ended.push('step');

    await loop.shutdownAsyncgens();

    assert.equal(ended, ['step', 'step', 'step', 'over', 'open']);
    assert.equal(await open?.next(), { done: true, value: undefined });
    assert.ok(untouched);
  });

  it('reports errors of closing, and closes the others', async (loop, { reports }) => {
    const ended: string[] = [];
    const failing = asyncgen(async function* failing() {
      try {
        yield 1;
      } finally {
        await sleep(0);
        // biome-ignore lint/correctness/noUnsafeFinally: what a program may do
        throw new RangeError('no end');
      }
    });
    const [bad, good] = [failing(), numbers(ended)()];
    await bad.next();
    await good.next();

    await loop.shutdownAsyncgens();

    assert.equal(ended, ['ended']);
    assert.is(reports.length, 1);
    assert.is(
      reports[0]?.message,
      'an error occurred during closing of asynchronous generator <async_generator object failing>',
    );
    assert.match(String(reports[0]?.exception), /no end/);
    assert.is(String(reports[0]?.['asyncgen']), '<async_generator object failing>');
  });

  it('reports a generator that yields instead of ending', async (loop, {
    expectReport,
    reports,
  }) => {
    const stubborn = asyncgen(async function* stubborn() {
      try {
        yield 1;
      } finally {
        yield 2;
      }
    });
    await stubborn().next();

    await loop.shutdownAsyncgens();

    assert.match(String(reports[0]?.exception), /async generator ignored GeneratorExit/);
    expectReport(/an error occurred during closing/);
  });

  it(
    'warns, in debug mode, about a generator that starts later',
    async (loop) => {
      const warned: string[] = [];
      const note = (warning: Error): void => void warned.push(String(warning));
      process.on('warning', note);
      await loop.shutdownAsyncgens();
      const late = numbers([])();

      await late.next();
      await new Promise((resolve) => setImmediate(resolve));

      process.off('warning', note);
      await late.return();
      assert.match(
        warned[0] ?? '',
        /oneToThree> was scheduled after loop.shutdownAsyncgens\(\) call/,
      );
    },
    { debug: true },
  );
});

behaviour('A generator that is left open', (it) => {
  it('is closed at the end of run()', async () => {
    const ended: string[] = [];

    await run(async () => {
      await numbers(ended)().next();
      ended.push('main');
    });

    assert.equal(ended, ['main', 'ended']);
  });

  it(
    'is closed when it is collected',
    async () => {
      const { stdout, stderr } = await collected;

      assert.is(stdout, STORY, stderr);
    },
    { seconds: 60, cpython: [`${TESTS}test_asyncgen_finalization_by_gc`] },
  );

  it(
    'is closed when it is collected, in debug mode too',
    async () => {
      const { stdout, stderr } = await inDebugMode;

      assert.is(stdout, STORY, stderr);
    },
    { seconds: 60, cpython: [`${TESTS}test_asyncgen_finalization_by_gc_in_other_thread`] },
  );
});
