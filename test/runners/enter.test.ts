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
  Protocol,
  RuntimeError,
  run,
  type StreamReader,
  type StreamServer,
  type StreamWriter,
  sleep,
  startServer,
  taskGroup,
  timeout,
} from '../../src/index.ts';
import type { AddressInput, DriverName, Socket } from '../../src/socket.ts';
import { behaviour } from '../support/behaviour.ts';
import { type Ended, runFile } from '../support/child.ts';
import { connected, DRIVERS, listening, received, stream } from '../support/drivers.ts';
import { foreign } from '../support/foreign.ts';
import { rejects } from '../support/rejects.ts';

behaviour('enter', (it) => {
  it('returns what the body returns: a function, a coroutine, or a promise', async () => {
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

  it('has a task for timeouts and groups, with the given name and context', async () => {
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

  it('shares one loop, even after it was suspended', async () => {
    const loopOf = (): Promise<unknown> => enter(async () => getRunningLoop());

    const [one, two] = await Promise.all([loopOf(), loopOf()]);
    const three = await loopOf();

    assert.is(one, two);
    assert.is(one, three);
  });

  it('suspends the loop when all bodies have ended, before the last call is resolved', async () => {
    await enter(() => sleep(0));

    assert.is(runningLoop(), undefined);
    assert.is(await run(async () => 42), 42);
  });

  it('keeps running for the tasks that a body left behind', async () => {
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

  it('makes the calls that were scheduled last', async () => {
    const seen: string[] = [];

    await enter(async () => {
      const loop = getRunningLoop();
      loop.callSoon(() => loop.callSoon(() => seen.push('called')));
    });

    assert.equal(seen, ['called']);
  });

  it('can be suspended with a timer that is further away than Node’s timers allow', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);

    const timer = await enter(async () => getRunningLoop().callLater(3e6, () => {}));
    await new Promise((resolve) => setImmediate(resolve));

    process.off('warning', warn);
    timer.cancel();
    assert.equal(warnings, []);
  });

  it('can be called when the last body ends', async () => {
    const rounds: number[] = [];

    for (let n = 0; n < 100; n += 1) rounds.push(await enter(async () => n));

    assert.is(rounds.length, 100);
    assert.is(runningLoop(), undefined);
  });

  it('runs on the running loop, and is cancelled with it', async () => {
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

  it('makes run() throw, which says what to write instead', async () => {
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

  it('refuses to be stopped or run by other code', async () => {
    await enter(async () => {
      const loop = getRunningLoop();
      assert.throws(() => loop.stop(), /cannot be stopped, because it is shared/);
      await rejects(loop.runForever(), RuntimeError, { message: /runs by itself/ });
    });
  });

  it('refuses anything that cannot be awaited, and anything but a signal', async () => {
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

  it('keeps the stores of its callers separate', async () => {
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

behaviour('enter in unusual places', (it) => {
  it('can be nested', async () => {
    const outer = await enter(
      async () => {
        const inner = await enter(async () => currentTask()?.getName(), { name: 'inner' });
        return [inner, currentTask()?.getName()];
      },
      { name: 'outer' },
    );

    assert.equal(outer, ['inner', 'outer']);
  });

  it('serves thousands at the same time', async () => {
    const numbers = Array.from({ length: 5000 }, (_, n) => n);

    const seen = await Promise.all(
      numbers.map((n) =>
        enter(async () => {
          await sleep(0.001);
          return n;
        }),
      ),
    );

    assert.equal(seen, numbers);
    assert.is(runningLoop(), undefined);
  });

  it('opens another loop if the first one was closed', async () => {
    const first = await enter(async () => getRunningLoop());
    first.close();

    const second = await enter(async () => getRunningLoop());

    assert.is.not(second, first);
  });

  it('does not allow its loop to be closed while a body runs', async () => {
    await enter(async () => {
      assert.throws(() => getRunningLoop().close(), /Cannot close a running event loop/);
    });
  });

  it('waits for the end of a program that is about to exit', async () => {
    const seen: string[] = [];
    const entered: Promise<unknown>[] = [];

    // It is called in a gap between two runs of the loop of run().
    await run(async () => {
      setImmediate(() => setImmediate(() => entered.push(enter(async () => seen.push('entered')))));
    });
    seen.push('run() has ended');
    while (entered.length === 0) await later(1);
    await Promise.all(entered);

    assert.equal(seen, ['run() has ended', 'entered']);
  });
});

behaviour('enter when no body is running', (it) => {
  for (const { name: driver } of DRIVERS)
    it(`still serves the clients of a server that was left open (${driver})`, async () => {
      const server = await enter(() => echoServer(listening(driver)));
      const address = server.sockets[0]?.getsockname() as AddressInput;

      for (const word of ['one', 'two']) assert.is(await answerTo(word, driver, address), word);

      server.close();
      while (runningLoop() !== undefined) await later(1);
    });

  it('makes way for run(), and continues afterwards', async () => {
    const server = await enter(() => echoServer(listening('node')));
    const address = server.sockets[0]?.getsockname() as AddressInput;
    let answer: Promise<string> | undefined;

    const gave = await run(async () => {
      answer = answerTo('waits', 'node', address);
      await sleep(0.02);
      return 'ran';
    });

    assert.is(gave, 'ran');
    assert.is(await answer, 'waits');
    server.close();
    while (runningLoop() !== undefined) await later(1);
  });

  it('passes on what arrives on a connection that was left open', async () => {
    const server = await enter(() => echoServer(listening('node')));
    const told = foreign<string>();
    class Client extends Protocol {
      override dataReceived(data: Uint8Array): void {
        told.resolve(String(data));
      }
    }

    const [transport] = await enter(() =>
      getRunningLoop().createConnection(() => new Client(), '127.0.0.1', server.port),
    );
    transport.write('spam');

    assert.is(await told.promise, 'spam');
    transport.close();
    server.close();
    while (runningLoop() !== undefined) await later(1);
  });

  it('calls timers on time, and is suspended again', async () => {
    const called = foreign();

    await enter(async () => void getRunningLoop().callLater(0.005, called.resolve));
    assert.is(runningLoop(), undefined);
    await called.promise;
    while (runningLoop() !== undefined) await later(1);

    assert.is(await run(async () => 42), 42);
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

  it('does not start if it was already aborted', async () => {
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

  it('returns the result of a body that ignores the cancel', async () => {
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

behaviour('enter when its program ends', (it) => {
  const ends = (word: string): Promise<Ended> =>
    runFile('test/runners/fixtures/entering.ts', { args: [word] });
  const programs: readonly [word: string, says: string, expected: Partial<Ended>][] = [
    ['returns', 'keeps the process alive while a body runs', { status: 0, stdout: 'ended\n' }],
    ['timer', 'does not keep the process alive for a timer alone', { status: 0, stdout: 'left\n' }],
    [
      'cancelled',
      'does not report a cancel that is not awaited',
      { status: 0, stdout: 'cancelled\n' },
    ],
    ['exits', 'ends with the status of a SystemExit', { status: 3, stdout: '' }],
    [
      'exits in a task',
      'ends with the status of a SystemExit in a task left behind',
      { status: 4, stdout: 'left\n' },
    ],
    ['server', 'keeps the process alive while a server is open', { status: 0, stdout: 'closed\n' }],
    ['call', 'keeps the process alive while a call runs', { status: 0, stdout: 'left\ncalled\n' }],
    ['exit event', "lets process.on('exit') run at the end", { status: 0, stdout: 'left\nexit\n' }],
    ['process.exit', 'ends when process.exit() is called', { status: 6, stdout: 'exit\n' }],
    ['generator', 'closes generators that are left open', { status: 0, stdout: 'left\nclosed\n' }],
    [
      'first',
      'keeps neither the store nor the body of the first caller',
      { status: 0, stdout: 'gone gone\n' },
    ],
    ['worker', 'works in a worker thread', { status: 0, stdout: 'from a worker\n' }],
    ['caught exit', 'continues if the SystemExit is caught', { status: 0, stdout: '5 others\n' }],
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
    'leaves an unhandled failure to Node',
    async () => {
      const { status, stderr } = await ends('fails');

      assert.is(status, 1);
      assert.match(stderr, /RangeError: spam\n +at fails/);
    },
    { seconds: 30 },
  );

  it(
    'reports a failure that is never retrieved',
    async () => {
      const { status, stderr } = await ends('lost');

      assert.is(status, 0);
      assert.match(stderr, /^Task exception was never retrieved\n/);
      assert.match(stderr, /RangeError: spam/);
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

/** Answers each connection with what it sends first, and closes it. */
function echoServer(sock: Socket): Promise<StreamServer> {
  const echo = async (reader: StreamReader, writer: StreamWriter): Promise<void> => {
    writer.write(await reader.read(100));
    await writer.drain();
  };
  return startServer(echo, undefined, undefined, { sock }) as unknown as Promise<StreamServer>;
}

/** What a client gets that nobody's loop has made. */
async function answerTo(word: string, driver: DriverName, address: AddressInput): Promise<string> {
  const client = stream(driver);
  await connected(client, address);
  client.send(Buffer.from(word));
  const answer = await received(client);
  client.close();
  return String(Buffer.from(answer));
}

behaviour('runUntilComplete outside a loop', (it) => {
  it('says what to write for a call that needs the loop', () => {
    const loop = newEventLoop();

    assert.throws(() => loop.runUntilComplete(sleep(1)), /loop\.runUntilComplete\(\(\) => …\)/);

    loop.close();
  });
});
