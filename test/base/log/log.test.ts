import * as assert from 'uvu/assert';
import { warnResource, warnRuntime } from '../../../src/base/log/warnings.ts';
import {
  coroutine,
  createTask,
  getLogger,
  type Logger,
  setLogger,
  sleep,
  Task,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { throws } from '../../support/throws.ts';

/** A logger that notes what it gets. */
function notes(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const note = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  const [debug, info, warn, error] = ['debug', 'info', 'warn', 'error'].map(note);
  return { logger: { debug, info, warn, error } as Logger, lines };
}

/** Runs `scenario` with a logger, and takes it away again. */
async function withLogger(
  scenario: (lines: string[]) => unknown,
  logger: Partial<Logger> = {},
): Promise<void> {
  const noted = notes();
  setLogger({ ...noted.logger, ...logger });
  try {
    await scenario(noted.lines);
  } finally {
    setLogger(undefined);
  }
}

loopBehaviour('setLogger', (it) => {
  it('gets the reports of the default exception handler as errors', async (loop, { logged }) => {
    await withLogger((lines) => {
      loop.defaultExceptionHandler({ message: 'odd', exception: new RangeError('why') });

      assert.is(lines.length, 1);
      assert.match(lines[0] as string, /^error: odd\nRangeError: why\n {4}at /);
      assert.equal(logged, []);
    });
    loop.defaultExceptionHandler({ message: 'again' });
    assert.equal(logged, ['again\n']);
  });

  it(
    'gets slow callbacks and swallowed cancels as warnings',
    async (loop) => {
      loop.slowCallbackDuration = -1;
      await withLogger(async (lines) => {
        await sleep(0);
        await sleep(0);
        loop.slowCallbackDuration = 100;
        const task = createTask(() => sleep(1).catch(() => {}));
        await sleep(0);
        task.cancel();
        await task;

        assert.match(lines.join('\n'), /^warn: Executing .* took 0\.\d+ seconds\n/);
        assert.match(
          lines.at(-1) as string,
          /^warn: Task-\d+ was cancelled.* but ended with a result/,
        );
      });
    },
    { debug: true },
  );

  it('gets warnings that are otherwise those of Node', async () => {
    const seen: string[] = [];
    const onWarning = ({ name, message }: Error): void => void seen.push(`${name}: ${message}`);
    process.on('warning', onWarning);
    await withLogger((lines) => {
      warnRuntime('odd', 'where');

      assert.equal(lines, ['warn: RuntimeWarning: odd\nwhere']);
    });
    warnRuntime('odd again');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);

    assert.equal(seen, ['RuntimeWarning: odd again']);
  });

  it(
    'gets warnings of what was not closed, in debug mode',
    async () => {
      await withLogger((lines) => {
        warnResource('unclosed x');
        assert.equal(lines, ['warn: ResourceWarning: unclosed x']);
      });
    },
    { debug: true },
  );

  it(
    'logs in debug mode which servers start and what connects',
    async (loop) => {
      await withLogger(async (lines) => {
        await using server = await loop.createServer(() => protocol(), '127.0.0.1', 0);
        const [transport] = await loop.createConnection(() => protocol(), '127.0.0.1', server.port);
        transport.abort();
        await sleep(0.01);

        assert.match(lines[0] as string, /^info: <Server .*> is serving$/);
        assert.match(
          lines[1] as string,
          /^debug: <socket.* connected to 127\.0\.0\.1:\d+: <_Selec/,
        );
      });
    },
    { debug: true, clock: 'real' },
  );

  it('writes to standard error what the logger cannot write, and why', async (loop, { logged }) => {
    const error = (): void => {
      throw new RangeError('disk full');
    };
    await withLogger(() => loop.defaultExceptionHandler({ message: 'odd' }), { error });

    assert.match(
      logged.join(''),
      /^odd\nThe logger failed to write this:\nRangeError: disk full\n/,
    );
  });

  it('keeps what is printed on request on standard error', async (_loop, { logged }) => {
    await withLogger((lines) => {
      new Task(coroutine(async () => {})()).printStack();
      assert.equal(lines, []);
      assert.is(logged.length, 1);
    });
  });

  it('accepts console, and refuses an object without all methods', async () => {
    const before = getLogger();
    setLogger(console);
    assert.is(getLogger(), console);
    setLogger(undefined);
    assert.is(before, undefined);

    const message = /logger must have the methods debug\(\), info\(\), warn\(\), error\(\)/;
    for (const wrong of [null, 5, () => {}, { ...notes().logger, warn: undefined }])
      throws(() => setLogger(wrong as never), TypeError, { message });
    assert.is(getLogger(), undefined);
  });
});

function protocol() {
  return {
    connectionMade() {},
    connectionLost() {},
    dataReceived() {},
    eofReceived() {},
    pauseWriting() {},
    resumeWriting() {},
  };
}
