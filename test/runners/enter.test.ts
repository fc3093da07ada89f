import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as later } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { runningLoop } from '../../src/core/turns/running-loop.ts';
import {
  CancelledError,
  ContextVar,
  coroutine,
  createTask,
  currentTask,
  enter,
  getRunningLoop,
  newEventLoop,
  RuntimeError,
  run,
  sleep,
  taskGroup,
  timeout,
} from '../../src/index.ts';
import { behaviour } from '../support/behaviour.ts';
import { type Ended, runFile } from '../support/child.ts';
import { rejects } from '../support/rejects.ts';

behaviour('enter', (it) => {
  it('gives what the body returns: of a function, a coroutine, or a promise', async () => {
    const main = coroutine(async (n: number) => {
      await sleep(0);
      return n;
    });

    assert.is(await enter(async () => 1), 1);
    assert.is(await enter(main(2)), 2);
    assert.is(await enter(Promise.resolve(3)), 3);
    assert.is(await enter(() => sleep(0, 4)), 4);
  });

  it('throws what the body throws', async () => {
    const error = new RangeError('spam');

    const failed = await rejects(
      enter(async () => {
        await sleep(0);
        throw error;
      }),
      RangeError,
    );

    assert.is(failed, error);
  });

  it('has a task for limits and groups, with the name and context that are asked for', async () => {
    const variable = new ContextVar<string>('variable');

    const seen = await enter(
      async () => {
        const value = await timeout(1, async () => variable.get('none'));
        await taskGroup(async (group) => void group.createTask(() => sleep(0)));
        return [currentTask()?.getName(), value];
      },
      { name: 'request' },
    );

    assert.equal(seen, ['request', 'none']);
  });

  it('shares one loop, also after a rest', async () => {
    const loopOf = (): Promise<unknown> => enter(async () => getRunningLoop());

    const [one, two] = await Promise.all([loopOf(), loopOf()]);
    const three = await loopOf();

    assert.is(one, two);
    assert.is(one, three);
  });

  it('rests when nobody is inside, before the last one is told', async () => {
    await enter(() => sleep(0));

    assert.is(runningLoop(), undefined);
    assert.is(await run(async () => 42), 42);
  });

  it('goes on for the tasks that a body left behind', async () => {
    const seen: string[] = [];

    await enter(async () => {
      createTask(async () => {
        await sleep(0.01);
        seen.push('task left behind');
      });
    });
    while (runningLoop() !== undefined) await later(1);

    assert.equal(seen, ['task left behind']);
  });

  it('calls what was scheduled at the last', async () => {
    const seen: string[] = [];

    await enter(async () => {
      const loop = getRunningLoop();
      loop.callSoon(() => loop.callSoon(() => seen.push('called')));
    });

    assert.equal(seen, ['called']);
  });

  it('lets one more enter when the last one leaves', async () => {
    const rounds: number[] = [];

    for (let n = 0; n < 100; n += 1) rounds.push(await enter(async () => n));

    assert.is(rounds.length, 100);
    assert.is(runningLoop(), undefined);
  });

  it('runs on the loop that runs, and is cancelled with it', async () => {
    let entered: Promise<unknown> | undefined;

    const same = await run(async () => {
      const loop = getRunningLoop();
      const inside = await enter(async () => getRunningLoop());
      entered = enter(() => sleep(1000));
      return inside === loop;
    });

    assert.is(same, true);
    await rejects(entered as Promise<unknown>, CancelledError);
  });

  it('keeps run() out, and says what to write', async () => {
    const inside = enter(() => sleep(0.01));

    await rejects(
      run(async () => {}),
      RuntimeError,
      {
        message:
          'asyncio.run() cannot be called from a running event loop, that of enter(): write enter(main)',
      },
    );

    await inside;
  });

  it('refuses to be stopped or run by hand', async () => {
    await enter(async () => {
      const loop = getRunningLoop();
      assert.throws(() => loop.stop(), /cannot be stopped, because it is shared/);
      await rejects(loop.runForever(), RuntimeError, { message: /runs by itself/ });
    });
  });

  it('refuses what cannot be awaited, and what is no signal', async () => {
    await rejects(enter(1 as unknown as Promise<void>), TypeError, {
      message: 'An asyncio.Future, a coroutine or an awaitable is required, got 1',
    });
    await rejects(
      enter(async () => {}, { signal: {} as AbortSignal }),
      TypeError,
      {
        message: /^signal must be an AbortSignal/,
      },
    );
    assert.is(runningLoop(), undefined);
  });

  it('keeps the stores of each caller apart', async () => {
    const store = new AsyncLocalStorage<number>();
    const body = async (): Promise<(number | undefined)[]> => {
      const seen = [store.getStore()];
      await sleep(0.001);
      seen.push(store.getStore());
      await createTask(async () => void seen.push(store.getStore()));
      return seen;
    };

    const seen = await Promise.all([1, 2, 3].map((n) => store.run(n, () => enter(body))));
    const outside = await enter(body);

    assert.equal(
      seen,
      [1, 2, 3].map((n) => [n, n, n]),
    );
    assert.equal(outside, [undefined, undefined, undefined]);
  });
});

behaviour('enter with a signal', (it) => {
  it('cancels the task, and throws the reason', async () => {
    const controller = new AbortController();
    const reason = new RangeError('the client left');
    let caught: unknown;

    const entered = enter(
      async () => {
        try {
          controller.abort(reason);
          await sleep(1000);
        } catch (error) {
          caught = error;
          throw error;
        }
      },
      { signal: controller.signal },
    );

    assert.is(await rejects(entered, RangeError), reason);
    assert.instance(caught, CancelledError);
  });

  it('does not begin when it is aborted already', async () => {
    const reason = new RangeError('gone');
    const signal = AbortSignal.abort(reason);
    let began = false;
    const main = coroutine(async () => {
      began = true;
    });

    const entered = enter(main(), { signal });

    assert.is(runningLoop(), undefined);
    assert.is(await rejects(entered, RangeError), reason);
    assert.is(began, false);
  });

  it('gives the result of a body that refuses the cancel', async () => {
    const controller = new AbortController();

    const entered = enter(
      async () => {
        controller.abort();
        await sleep(1000).catch(() => {});
        return 'all the same';
      },
      { signal: controller.signal },
    );

    assert.is(await entered, 'all the same');
  });

  it('is forgotten when the body has ended', async () => {
    const controller = new AbortController();

    await enter(async () => {}, { signal: controller.signal });
    controller.abort();

    assert.is(runningLoop(), undefined);
  });
});

behaviour('enter, as its program ends', (it) => {
  const ends = (word: string): Promise<Ended> =>
    runFile('test/runners/fixtures/entering.ts', { args: [word] });
  const programs: readonly [word: string, says: string, expected: Partial<Ended>][] = [
    [
      'returns',
      'keeps the process as long as somebody is inside',
      { status: 0, stdout: 'ended\n' },
    ],
    ['timer', 'keeps no process for a timer alone', { status: 0, stdout: 'left\n' }],
    ['cancelled', 'reports no cancel that nobody awaits', { status: 0, stdout: 'cancelled\n' }],
    ['exits', 'ends with the status of a SystemExit', { status: 3, stdout: '' }],
    ['exits in a task', 'also of one in a task left behind', { status: 4, stdout: 'left\n' }],
    ['caught exit', 'goes on where the SystemExit is caught', { status: 0, stdout: '5 others\n' }],
  ];
  for (const [word, says, { status, stdout }] of programs)
    it(
      says,
      async () => {
        const ended = await ends(word);

        assert.is(ended.stderr, '');
        assert.is(ended.stdout, stdout);
        assert.is(ended.status, status);
      },
      { seconds: 30 },
    );

  it(
    'leaves a failure that nobody handles to Node',
    async () => {
      const { status, stderr } = await ends('fails');

      assert.is(status, 1);
      assert.match(stderr, /RangeError: spam\n +at fails/);
    },
    { seconds: 30 },
  );

  it(
    'leaves Ctrl-C to the program',
    async () => {
      const { status, stdout } = await ends('interrupted');

      assert.is(status, 7);
      assert.is(stdout, 'handled\n');
    },
    { seconds: 30 },
  );
});

behaviour('runUntilComplete outside of a loop', (it) => {
  it('says what to write for a call that needs the loop', () => {
    const loop = newEventLoop();

    assert.throws(() => loop.runUntilComplete(sleep(1)), /loop\.runUntilComplete\(\(\) => …\)/);

    loop.close();
  });
});
