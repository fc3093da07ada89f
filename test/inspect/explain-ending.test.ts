import * as assert from 'uvu/assert';
import { redirectLog } from '../../src/base/log/log.ts';
import { explainEnding } from '../../src/core/reports/slow-endings.ts';
import * as asyncio from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { virtualHost } from '../../src/testing/virtual-host.ts';
import { behaviour } from '../support/behaviour.ts';
import { connected, DRIVERS, freshAddress, stream } from '../support/drivers.ts';

interface Stage {
  readonly loop: asyncio.Loop;
  /** Called at the first explanation; from then on time stands still. */
  whenTold(callback: () => void): void;
}

interface How {
  readonly debug?: boolean;
  /** Is `ASYNCIO_EXPLAIN` set? */
  readonly isAsked?: boolean;
  readonly signal?: AbortSignal;
}

/** Runs a program in virtual time, and returns the first explanation that it logs. */
async function explained(
  main: (stage: Stage) => Promise<unknown>,
  { debug = true, isAsked = false, signal }: How = {},
): Promise<string[]> {
  // It is loaded now: virtual time would not wait for that.
  const spare = new asyncio.Loop();
  await explainEnding(spare, { headline: String, subject: {}, rank: 0 }, 1);
  spare.close();
  let told = '';
  let tell: (() => void) | undefined;
  let isFrozen = false;
  const restore = redirectLog((text) => {
    if (told !== '' || !/ending for|waited for|cancelled a task|enter\(\)/.test(text)) return;
    told = text;
    isFrozen = tell !== undefined;
    setImmediate(() => tell?.());
  });
  const before = process.env['ASYNCIO_EXPLAIN'];
  if (isAsked) process.env['ASYNCIO_EXPLAIN'] = '1';
  const loopFactory = (): asyncio.Loop => {
    const { alarm, ...host } = virtualHost();
    const loop = new asyncio.Loop({
      host: {
        ...host,
        alarm: (delay, callback) => alarm(delay, () => !isFrozen && callback()),
      },
      debug,
    });
    loop.setExceptionHandler(() => {});
    return loop;
  };
  const whenTold = (callback: () => void): void => {
    tell = callback;
  };
  try {
    const program = (): Promise<unknown> => main({ loop: asyncio.getRunningLoop(), whenTold });
    await asyncio.run(program, { loopFactory, signal });
  } catch (error) {
    if (!(error instanceof asyncio.KeyboardInterrupt) && error !== signal?.reason) throw error;
  } finally {
    restore();
    if (isAsked) delete process.env['ASYNCIO_EXPLAIN'];
    if (before !== undefined) process.env['ASYNCIO_EXPLAIN'] = before;
  }
  return told
    .replace(/\(\S*explain-ending\.test\.ts:\d+\)/g, '(HERE)')
    .replace(/at \S*explain-ending\.test\.ts:\d+/g, 'at HERE')
    .replace(/0x[0-9a-f]+/g, 'ID')
    .replace(/Task-\d+/g, 'Task')
    .trimEnd()
    .split('\n');
}

const forever = (): Promise<never> => new Promise(() => {});

/** Sleeps, and cleans up for so many seconds. */
async function cleanUp(seconds: number): Promise<void> {
  try {
    await asyncio.sleep(1000);
  } finally {
    await asyncio.sleep(seconds);
  }
}

behaviour('The explanation of a slow exit', (it) => {
  it('names the tasks that run() waits for, and the line of each', async () => {
    const lines = await explained(async () => {
      asyncio.createTask(() => cleanUp(5), { name: 'slow' });
      asyncio.createTask(() => asyncio.sleep(1000), { name: 'quick' });
      await asyncio.sleep(1);
    });

    assert.equal(lines, [
      'run() has been ending for 1.0 s. It waits for:',
      '  slow (<anonymous>, cancelled) waits for sleep, 4.0 s to go',
      '      at cleanUp (HERE)',
    ]);
  });

  it('names a foreign promise, and the line that awaits it', async () => {
    for (const how of [{ debug: true }, { debug: false, isAsked: true }]) {
      const lines = await explained(async ({ loop }) => {
        const foreign = new Promise<void>((resolve) => loop.callLater(9, resolve));
        asyncio.createTask(
          async function stuck() {
            await foreign;
          },
          { name: 'evil\x1b[2J' },
        );
        await asyncio.sleep(1);
      }, how);

      assert.equal(lines, [
        'run() has been ending for 1.0 s. It waits for:',
        '  evil\\x1b[2J (stuck, cancelled) waits for a promise that asyncio-ts did not create',
        '      at stuck (HERE)',
      ]);
    }
  });

  it('names a task that swallows its cancels', async () => {
    const lines = await explained(async () => {
      asyncio.createTask(async function stubborn() {
        for (let times = 0; times < 3; times += 1) await asyncio.sleep(2).catch(() => {});
      });
      await asyncio.sleep(1);
    });

    assert.match(lines[1] ?? '', /^ {2}Task \(stubborn, cancelled\) waits for sleep, 1.0 s to go$/);
    assert.is(lines[2], '      at stubborn (HERE)');
  });

  it('names calls that are not awaited', async () => {
    const lines = await explained(async () => void cleanUp(5));

    assert.is(lines[0], 'run() has been ending for 1.0 s. It waits for:');
    assert.match(lines[1] ?? '', /^ {2}a call that nobody awaits waits for /);
  });

  it('names abandoned bodies', async () => {
    const lines = await explained(async () => {
      await asyncio.moveOnAfter(1, forever);
      asyncio.createTask(() => cleanUp(5));
      await asyncio.sleep(0);
    });

    assert.match(lines.at(-1) ?? '', /the body of moveOnAfter\(\) was abandoned 1\.0 s ago/);
  });

  it('names generators that take long to close', async () => {
    const lines = await explained(async () => {
      const numbers = asyncio.asyncgen(async function* numbers() {
        try {
          yield 1;
        } finally {
          await asyncio.sleep(5);
        }
      });
      const generator = numbers();
      await generator.next();
    });

    assert.is(lines[0], 'run() has been ending for 1.0 s. It waits for:');
    assert.match(lines.join('\n'), /waits for sleep, 4\.0 s to go\n.*at numbers \(HERE\)/);
  });

  it('names calls in threads, and the lines that called them', async () => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const lines = await explained(async ({ whenTold }) => {
      whenTold(() => {
        flag[0] = 1;
        Atomics.notify(flag, 0);
      });
      asyncio.createTask(async () => {
        await asyncio.toThread(function work(shared: Int32Array) {
          Atomics.wait(shared, 0, 0);
        }, flag);
      });
      await asyncio.sleep(1);
    });

    assert.equal(lines, [
      'run() has been ending for 1.0 s. It waits for:',
      '  work() has been running in a thread for 2.0 s',
      '      called at HERE',
    ]);
  });

  for (const { name: driver } of DRIVERS)
    it(`names the clients of a closed server, and their handlers (${driver})`, async () => {
      let port = 0;
      const lines = await explained(async ({ whenTold }) => {
        const began = new asyncio.Event();
        const listener = stream(driver);
        listener.bind(freshAddress(socket.AF_INET));
        const serve = asyncio.coroutine(async function serve(reader: asyncio.StreamReader) {
          began.set();
          await reader.readline();
        });
        const server = await asyncio.startServer(serve, undefined, undefined, { sock: listener });
        const client = stream(driver);
        await connected(client, server.sockets[0]?.getsockname() as socket.Address);
        port = (client.getsockname() as unknown as [string, number])[1];
        await began.wait();
        whenTold(() => client.close());
        server.close();
        await server.waitClosed();
      });

      assert.equal(
        lines.map((line) => line.replace(String(port), 'PORT').replace(/ on <.*/, '')),
        [
          'Server.waitClosed() has waited for 1.0 s: the server is closed, but these connections are not:',
          `  ('127.0.0.1', PORT): it is open`,
          '    Task (serve) waits for StreamReader.readuntil',
          '        at serve (HERE)',
        ],
      );
    });

  it('shows how much data a client does not read', async () => {
    const lines = await explained(async ({ whenTold }) => {
      const [near, far] = socket.socketpair(undefined, undefined, 0, { driver: 'memory' });
      const listener = stream('memory');
      listener.bind(freshAddress(socket.AF_INET));
      far.close();
      near.close();
      const began = new asyncio.Event();
      const server = await asyncio.startServer(
        (_reader, writer) => {
          writer.write(Buffer.alloc(10_000_000));
          writer.close();
          began.set();
        },
        undefined,
        undefined,
        { sock: listener },
      );
      const client = stream('memory');
      await connected(client, server.sockets[0]?.getsockname() as socket.Address);
      await began.wait();
      whenTold(() => client.close());
      server.close();
      await server.waitClosed();
    });

    assert.match(lines[1] ?? '', /: it is closing, \d{6,} bytes wait to be sent$/);
  });

  it('names child processes and pipes', async () => {
    const lines = await explained(async ({ whenTold }) => {
      const cat = await asyncio.createSubprocessExec('cat', {
        stdin: asyncio.subprocess.PIPE,
        stdout: asyncio.subprocess.PIPE,
      });
      whenTold(() => cat.stdin?.close());
      const waits = async (wait: () => PromiseLike<unknown>): Promise<void> => {
        try {
          await asyncio.sleep(1000);
        } finally {
          await wait();
        }
      };
      asyncio.createTask(() => waits(() => cat.wait()));
      asyncio.createTask(() => waits(() => cat.stdout?.read() as PromiseLike<unknown>));
      await asyncio.sleep(1);
    });

    const text = lines.join('\n');
    assert.match(text, /waits for Process\.wait on .*pid=\d+.*\n.*at waits \(HERE\)/);
    assert.match(text, /waits for StreamReader\.read.*\n.*at waits \(HERE\)/);
  });

  it('names a task that Ctrl-C or a signal has cancelled', async () => {
    const controller = new AbortController();
    const ways: [string, () => unknown, How][] = [
      ['Ctrl-C', () => process.emit('SIGINT'), {}],
      ['A signal', () => controller.abort('enough'), { signal: controller.signal }],
    ];
    for (const [by, cancel, how] of ways) {
      const lines = await explained(async function main({ loop }) {
        loop.callLater(1, cancel);
        await cleanUp(5);
      }, how);

      assert.equal(lines, [
        `${by} cancelled a task 1.0 s ago, and it has not ended:`,
        '  Task (program, cancelled) waits for sleep, 4.0 s to go',
        '      at cleanUp (HERE)',
        '      at main (HERE)',
      ]);
    }
  });

  it('shows, on another Ctrl-C, what kept the program from exiting, in every mode', async () => {
    const inMain = await explained(
      async function main({ loop }) {
        for (const at of [1, 4]) loop.callLater(at, () => process.emit('SIGINT'));
        await cleanUp(5);
      },
      { debug: false },
    );
    assert.equal(inMain, [
      'Ctrl-C has interrupted run(), which had been ending for 3.0 s. It waited for:',
      '  Task (program, cancelled) waits for sleep, 2.0 s to go',
      '      at cleanUp (HERE)',
      '      at main (HERE)',
    ]);

    const atTheEnd = await explained(
      async ({ loop }) => {
        asyncio.createTask(() => cleanUp(9));
        loop.callLater(4, () => process.emit('SIGINT'));
        await asyncio.sleep(1);
      },
      { debug: false },
    );
    assert.equal(atTheEnd, [
      'Ctrl-C has interrupted run(), which had been ending for 3.0 s. It waited for:',
      '  Task (<anonymous>, cancelled) waits for sleep, 6.0 s to go',
      '      at cleanUp (HERE)',
    ]);

    const atOnce = await explained(
      async ({ loop }) => {
        for (const at of [1, 1.5]) loop.callLater(at, () => process.emit('SIGINT'));
        await cleanUp(5);
      },
      { debug: false },
    );
    assert.equal(atOnce, ['']);
  });

  it('is silent unless requested, and if nothing takes long', async () => {
    assert.equal(
      await explained(
        async () => {
          asyncio.createTask(() => cleanUp(5));
          await asyncio.sleep(1);
        },
        { debug: false },
      ),
      [''],
    );
    assert.equal(
      await explained(async () => {
        asyncio.createTask(() => cleanUp(0.9));
        await asyncio.sleep(1);
      }),
      [''],
    );
  });
});
