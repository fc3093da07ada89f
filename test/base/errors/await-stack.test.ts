import * as assert from 'uvu/assert';
import { inOrder, throwIntoAwait } from '../../../src/base/errors/await-stack.ts';
import {
  CancelledError,
  coroutine,
  createTask,
  ExceptionGroup,
  gather,
  getRunningLoop,
  Lock,
  moveOnAfter,
  Queue,
  QueueShutDown,
  RuntimeError,
  StreamReader,
  shield,
  shielded,
  sleep,
  Timeout,
  TimeoutError,
  taskGroup,
  timeout,
  waitFor,
} from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';
import { behaviour } from '../../support/behaviour.ts';
import { foreign } from '../../support/foreign.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { showsAwaits } from '../../support/shows-awaits.ts';

/** Awaits what `make` makes, two functions deep. */
async function outer(make: () => unknown): Promise<unknown> {
  return await inner(make);
}

async function inner(make: () => unknown): Promise<unknown> {
  const awaited = make();
  return await awaited;
}

const AWAITS = [
  ['inner', 'await awaited'],
  ['outer', 'await inner('],
] as const;

/** Cancels a task that awaits what `make` makes, once it waits: the error. */
async function cancelled(make: () => unknown): Promise<CancelledError> {
  const task = createTask(() => outer(make));
  await sleep(0);
  await sleep(0);
  task.cancel();
  return await rejects(task, CancelledError);
}

loopBehaviour('The stack of a cancel', (it) => {
  const waits: Record<string, () => unknown> = {
    'sleep()': () => sleep(10),
    'sleep(0)': () => {
      const turns = async (): Promise<void> => {
        for (;;) await sleep(0);
      };
      return turns();
    },
    'a future': () => getRunningLoop().createFuture(),
    'gather()': () => gather(sleep(10), sleep(20)),
    'shield()': () => shield(sleep(0.001)),
    'Queue.get()': () => new Queue().get(),
    'Promise.all()': () => Promise.all([sleep(10), sleep(20)]),
    'what then() gives': () => sleep(10).then(() => 1),
    'what finally() gives': () =>
      getRunningLoop()
        .createFuture()
        .finally(() => {}),
    'a lock': () => {
      const lock = new Lock();
      void lock.acquire().then(() => {});
      return lock.with(async () => {});
    },
  };
  for (const [name, make] of Object.entries(waits))
    it(`shows the await of ${name}, and those above it`, async () => {
      const error = await cancelled(make);

      showsAwaits(
        error,
        ...(name === 'sleep(0)' ? [['turns', 'await sleep(0)'] as const] : []),
        ...AWAITS,
      );
      await sleep(0.01);
    });

  it('shows the await of a future that was cancelled before', async () => {
    const future = getRunningLoop().createFuture();
    future.cancel();

    showsAwaits(
      await rejects(
        outer(() => future),
        CancelledError,
      ),
      ...AWAITS,
    );
  });

  it('shows the await of an operation that was cancelled before', async () => {
    const operation = sleep(10);
    operation.cancel();

    showsAwaits(
      await rejects(
        outer(() => operation),
        CancelledError,
      ),
      ...AWAITS,
    );
  });

  it('shows the code that awaits a task that never started', async () => {
    const task = createTask(() => sleep(10));
    task.cancel();

    showsAwaits(
      await rejects(
        outer(() => task),
        CancelledError,
      ),
      ...AWAITS,
    );
  });

  it('shows where the task was suspended, not the code that awaits it', async () => {
    const task = createTask(async function body() {
      await sleep(10);
    });
    await sleep(0);
    task.cancel();

    const error = await rejects(
      outer(() => task),
      CancelledError,
    );

    showsAwaits(error, ['body', 'await sleep(10)']);
    assert.not.match(error.stack ?? '', 'inner');
  });

  it('shows each of several tasks that await one cancelled future its own await', async () => {
    const future = getRunningLoop().createFuture();
    const another = async (): Promise<unknown> => await future;
    const one = createTask(() => outer(() => future));
    const other = createTask(another);
    await sleep(0);
    future.cancel();

    showsAwaits(await rejects(one, CancelledError), ...AWAITS);
    showsAwaits(await rejects(other, CancelledError), ['another', 'await future']);
  });

  it('is specific to the call if result() throws it', async () => {
    const future = getRunningLoop().createFuture();
    future.cancel();
    async function asks(): Promise<unknown> {
      return future.result();
    }

    const error = await rejects(outer(asks), CancelledError);

    showsAwaits(error, ['asks', 'future.result()'], ['inner', 'make()']);
  });
});

loopBehaviour('The stack of an error that is thrown into an await', (it) => {
  it('shows the await of a queue that is shut down', async (loop) => {
    const queue = new Queue();
    loop.callSoon(() => queue.shutdown());

    showsAwaits(
      await rejects(
        outer(() => queue.get()),
        QueueShutDown,
      ),
      ...AWAITS,
    );
  });

  it('shows the await under Promise.allSettled(), any() and race()', async (loop) => {
    async function combined(): Promise<unknown[]> {
      const queue = new Queue();
      loop.callSoon(() => queue.shutdown());
      const [settled] = await Promise.allSettled([queue.get()]);
      const other = new Queue();
      loop.callSoon(() => other.shutdown());
      const any = await Promise.any([other.get()]).catch((error: AggregateError) => error);
      return [(settled as PromiseRejectedResult).reason, (any as AggregateError).errors[0]];
    }
    const [settled, any] = await combined();

    assert.match(String((settled as Error).stack), /async Promise\.allSettled .*\n.* combined /);
    assert.match(String((any as Error).stack), /async Promise\.any .*/);
  });

  it('is not changed if the program created it', async (loop) => {
    class Mine extends TimeoutError {}
    const bare = new Error('bare');
    bare.stack = 'Error: bare';
    const errors = [new Mine('mine'), new TimeoutError('made here'), bare];
    for (const error of errors) {
      const { stack } = error;
      const future = getRunningLoop().createFuture();
      loop.callSoon(() => future.setException(error));

      assert.is(
        await rejects(
          outer(() => future),
          Error,
        ),
        error,
      );
      assert.is(error.stack, stack);
    }
  });

  it('is the same error for all who await, with the stack of the first', async (loop) => {
    const future = loop.createFuture();
    const another = async (): Promise<unknown> => await future;
    const all = [createTask(() => outer(() => future)), createTask(another)];
    // One of ours, made by the loop: nobody has awaited it yet.
    const queue = new Queue();
    const get = createTask(queue.get());
    get.addDoneCallback(() => future.setException(get.exception() as Error));
    loop.callSoon(() => queue.shutdown());

    const [one, other] = await gather(...all, { returnExceptions: true });

    assert.is(one, other);
    assert.is(one, future.exception());
    showsAwaits(one, ...AWAITS);
  });

  it('shows each await of an operation that several await', async () => {
    const nap = sleep(10);
    const all = [1, 2].map(() => createTask(() => outer(() => nap)));
    await sleep(0);
    nap.cancel();

    for (const task of all) showsAwaits(await rejects(task, CancelledError), ...AWAITS);
  });

  it('shows a refused await', async () => {
    const task = createTask(async () => {
      await sleep(0);
      await outer(() => task);
    });

    showsAwaits(await rejects(task, RuntimeError), ...AWAITS);
  });

  it('shows the await of a coroutine that fails before it first waits', async () => {
    const once = coroutine(async () => 1)();
    await once;

    showsAwaits(
      await rejects(
        outer(() => once),
        RuntimeError,
      ),
      ...AWAITS,
    );
    const timeout = new Timeout(undefined);
    await timeout.run(() => {});
    showsAwaits(
      await rejects(
        outer(() => timeout.run(() => {})),
        RuntimeError,
      ),
      ...AWAITS,
    );
  });

  it('observes Error.stackTraceLimit, and is empty if the limit is 0', async () => {
    const before = Error.stackTraceLimit;
    try {
      Error.stackTraceLimit = 1;
      assert.match(
        String((await cancelled(() => sleep(10))).stack),
        /^CancelledError\n.* inner [^\n]*$/,
      );
      Error.stackTraceLimit = 0;
      assert.is((await cancelled(() => sleep(10))).stack, 'CancelledError');
    } finally {
      Error.stackTraceLimit = before;
    }
  });

  it("can be set, and is the program's own if that has a prepareStackTrace", async () => {
    const error = await cancelled(() => sleep(10));
    error.stack = 'mine';
    assert.is(error.stack, 'mine');

    const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
    Error.prepareStackTrace = ({ name }, sites) => [name, sites.length > 0];
    try {
      assert.equal((await cancelled(() => sleep(10))).stack, ['CancelledError', true]);
    } finally {
      if (before === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
      else Object.defineProperty(Error, 'prepareStackTrace', before);
    }
  });

  it(
    'keeps the order in which sockets were notified if one fails',
    async (loop) => {
      const pairs = Array.from({ length: 3 }, () => {
        const both = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, { driver: 'posix' });
        for (const sock of both) sock.setblocking(false);
        return both;
      });
      const steps: string[] = [];
      const tasks = pairs.map(([sock], at) =>
        createTask(async () => {
          const got = await loop.sockRecv(sock, 10).catch((error: { code: string }) => error.code);
          steps.push(`${at}: ${got}`);
        }),
      );
      const order = createTask(async () => {
        await sleep(0);
        // Closed with bytes unread: its peer gets a reset.
        pairs[0]?.[0].send(Buffer.from('x'));
        pairs[0]?.[1].close();
        for (const [, peer] of pairs.slice(1)) peer.send(Buffer.from('y'));
      });
      await gather(order, ...tasks);

      assert.equal(steps, ['0: ECONNRESET', '1: y', '2: y']);
      for (const both of pairs) for (const sock of both) sock.close();
    },
    { clock: 'real' },
  );
});

loopBehaviour('The stack of an error in the first step of what is awaited', (it) => {
  /** How `outer` awaits `inner`; V8 calls `then` of all of them, with no user code on the stack. */
  const ways: Record<string, (body: () => Promise<unknown>) => PromiseLike<unknown>> = {
    'a coroutine': (body) => coroutine(body)(),
    'a coroutine under Promise.all()': (body) => Promise.all([coroutine(body)()]),
    'a coroutine in a limit': (body) => timeout(1, coroutine(body)),
    'timeout()': (body) => timeout(1, body),
    'moveOnAfter()': (body) => moveOnAfter(1, body),
    'shielded()': (body) => shielded(1, body),
    'waitFor()': (body) => waitFor(coroutine(body)(), 1),
    'taskGroup()': (body) => taskGroup(body),
  };
  const aborted = (): AbortSignal => {
    const reason = new DOMException('too late', 'TimeoutError');
    // As that of AbortSignal.timeout().
    reason.stack = 'TimeoutError: too late\n    at listOnTimeout (node:internal/timers:588:17)';
    return AbortSignal.abort(reason);
  };
  const kinds: Record<string, () => unknown> = {
    'a queue that is shut down': () => {
      const queue = new Queue();
      queue.shutdown();
      return queue.get();
    },
    'a limit that is due': () => timeout(-1, () => sleep(1)),
    'an aborted signal': () => sleep(1, undefined, { signal: aborted() }),
    'a lock with an aborted signal': () => new Lock().acquire({ signal: aborted() }),
    'an operation that failed before': () => {
      const nap = sleep(1);
      nap.cancel();
      return nap;
    },
    'a refused argument': () => sleep('1' as never),
    'a stream that has ended': () => {
      const reader = new StreamReader();
      reader.feedEof();
      return reader.readexactly(1);
    },
  };
  for (const driver of ['posix', 'node', 'memory'] as const)
    kinds[`a closed ${driver} socket`] = () => {
      const sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, { driver });
      sock.setblocking(false);
      sock.close();
      return getRunningLoop().sockRecv(sock, 1);
    };
  for (const [way, run] of Object.entries(ways))
    for (const [kind, make] of Object.entries(kinds))
      it(`shows the awaits of ${kind} and of ${way}`, async () => {
        async function inner(): Promise<unknown> {
          const awaited = make();
          return await awaited;
        }
        async function middle(): Promise<unknown> {
          return await inner();
        }
        async function outer(): Promise<unknown> {
          return await run(middle);
        }

        let error = await rejects(outer(), Error);
        if (error instanceof AggregateError) error = error.errors[0] as Error;

        const frames = (error.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
        // A limit of ours is below the `await` of its body.
        const names = frames.map((line) => /at (?:async )?([\w.]+) /.exec(line)?.[1]);
        assert.equal(
          names.filter((name) => name === 'inner' || name === 'middle' || name === 'outer'),
          ['inner', 'middle', 'outer'],
          error.stack,
        );
        assert.not.match(error.stack ?? '', /\bnode:|\/src\/|\/dist\//);
      });

  it('is not changed any more once it was printed', async () => {
    let stack: string | undefined;
    const fails = coroutine(async () => {
      const queue = new Queue();
      queue.shutdown();
      try {
        queue.getNowait();
      } catch (error) {
        stack = (error as Error).stack;
        throw error;
      }
    });

    assert.is((await rejects(fails(), QueueShutDown)).stack, stack);
  });

  it('shows a part of a group the await of the group, if it passed no other', async () => {
    async function waits(): Promise<unknown> {
      const queue = new Queue();
      queue.shutdown();
      return await taskGroup((group) => {
        group.createTask(queue.get());
      });
    }

    const group = await rejects(waits(), ExceptionGroup);

    showsAwaits(group.errors[0], ['waits', 'await taskGroup(']);
  });
});

/** An `await` under combinators, and what was seen when it failed. */
async function seen(combine: (one: Promise<unknown>) => Promise<unknown>): Promise<string[]> {
  let fail = (): void => {};
  const names: string[] = [];
  const one = new Promise((resolve, reject) => {
    fail = () =>
      throwIntoAwait(resolve, reject, new Error('mine'), (frames) => {
        for (const frame of frames)
          if (frame.isAsync()) names.push(frame.getFunctionName() ?? '<anonymous>');
      });
  });
  async function awaits(): Promise<void> {
    await one;
  }
  async function top(): Promise<void> {
    await combine(awaits()).catch(() => {});
  }
  setImmediate(() => fail());
  await top();
  return names.slice(0, 3);
}

behaviour('throwIntoAwait', (it) => {
  it('shows the awaiting code as V8 describes it', async () => {
    assert.equal(await seen((one) => one), ['awaits', 'top', 'seen']);
    assert.equal(await seen((one) => Promise.all([one])), ['awaits', 'all', 'top']);
    assert.equal(await seen((one) => Promise.allSettled([one])), ['awaits', 'allSettled', 'top']);
    assert.equal(await seen((one) => Promise.any([one])), ['awaits', 'any', 'top']);
  });

  it('leaves prepareStackTrace as it is, even if a program guards it', async () => {
    const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
    const mine = (): string => 'mine';
    Object.defineProperty(Error, 'prepareStackTrace', {
      configurable: true,
      get: () => mine,
      set: () => {
        throw new Error('locked');
      },
    });
    try {
      assert.equal(await seen((one) => one), ['awaits', 'top', 'seen']);
      assert.is(Error.prepareStackTrace as unknown, mine);
    } finally {
      if (before === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
      else Object.defineProperty(Error, 'prepareStackTrace', before);
    }
  });
});

behaviour('inOrder', (it) => {
  it('does the next thing at once, or where one fails as late as that is thrown', async () => {
    const steps: string[] = [];
    const things = [false, true, false, true, false].map((fails, at) => {
      const { promise, resolve, reject } = foreign<unknown>();
      const goesOn = async (): Promise<void> => {
        await promise.catch(() => {});
        steps.push(`${at} goes on`);
      };
      void goesOn();
      return () => {
        steps.push(`${at} is told`);
        if (fails) throwIntoAwait(resolve, reject, new Error('mine'), () => {});
        else resolve(undefined);
      };
    });
    inOrder(things, (tell) => tell());
    await new Promise((resolve) => setImmediate(resolve));

    assert.equal(
      steps.filter((step) => step.endsWith('on')),
      [0, 1, 2, 3, 4].map((at) => `${at} goes on`),
    );
  });
});
