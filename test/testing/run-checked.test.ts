import * as assert from 'uvu/assert';
import {
  createSubprocessExec,
  createTask,
  getRunningLoop,
  openConnection,
  type Server,
  sleep,
  startServer,
  wrapPromise,
} from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { LeftBehindError, runChecked, settle } from '../../src/testing.ts';
import { behaviour } from '../support/behaviour.ts';
import { linesOf } from '../support/lines.ts';
import { rejects } from '../support/rejects.ts';

const lineOf = linesOf(import.meta.url);

function addressOf(server: Server): [host: string, port: number] {
  const [first] = server.sockets;
  return first?.getsockname() as [string, number];
}

/** What is left by `main`, line by line. */
async function leftBy(main: () => Promise<void>): Promise<string[]> {
  const error = await rejects(runChecked(main), LeftBehindError);
  return error.message.split('\n');
}

behaviour('runChecked', (it) => {
  it('returns what a program returns that leaves nothing behind', async () => {
    const result = await runChecked(async () => {
      const server = await startServer(
        async (reader, writer) => {
          writer.write((await reader.readline()) as Uint8Array);
          writer.close();
        },
        '127.0.0.1',
        0,
      );
      const [host, port] = addressOf(server);
      const [reader, writer] = await openConnection(host, port);
      writer.write(Buffer.from('hello\n'));
      const line = await reader.readline();
      writer.close();
      await writer.waitClosed();
      server.close();
      await server.waitClosed();
      return String(line);
    });

    assert.is(result, 'hello\n');
  });

  it('names a task that is left, where it waits, and where it was created', async () => {
    const [line, ...more] = await leftBy(async () => {
      const work = async (): Promise<void> => {
        await sleep(10); // here: waits
      };
      createTask(work, { name: 'forgotten' }); // here: task
      await settle();
    });

    assert.match(line ?? '', /^left running: <Task pending name='forgotten' /);
    assert.match(line ?? '', `running at ${lineOf('waits')}>`);
    assert.match(line ?? '', `, made at ${lineOf('task')}`);
    assert.equal(more, []);
  });

  it('names a socket that is left open', async () => {
    const left = await leftBy(async () => {
      socket.socket(socket.AF_INET, socket.SOCK_STREAM); // here: socket
    });

    assert.is(left.length, 1);
    assert.match(left[0] ?? '', /^left open: <socket\.socket /);
    assert.match(left[0] ?? '', `, made at ${lineOf('socket')}`);
  });

  it('names a child process that is left running', async () => {
    const left = await leftBy(async () => {
      await createSubprocessExec('sleep', '3600');
      const child = await createSubprocessExec('true');
      await child.wait();
    });
    assert.is(left.length, 1);
    assert.match(left[0] ?? '', /^left running: <_UnixSubprocessTransport pid=\d+ running>$/);
  });

  it('names the sockets of servers and streams that are left open', async () => {
    const left = await leftBy(async () => {
      const clients: unknown[] = [];
      const server = await startServer(() => void clients.push(1), '127.0.0.1', 0); // here: server
      const [host, port] = addressOf(server);
      await openConnection(host, port); // here: client
      while (clients.length === 0) await sleep(0);
    });

    const text = left.join('\n');
    assert.ok(
      left.every((line) => line.startsWith('left open: <socket.socket ')),
      text,
    );
    assert.match(text, `, made at ${lineOf('server')}`);
    assert.match(text, `, made at ${lineOf('client')}`);
  });

  it('names a timer that is not yet due', async () => {
    const left = await leftBy(async () => {
      getRunningLoop().callLater(60, function later() {}); // here: timer
      getRunningLoop()
        .callLater(60, () => {})
        .cancel();
      await sleep(0);
    });

    assert.is(left.length, 1);
    assert.match(left[0] ?? '', /^left waiting: <TimerHandle when=\d.* later\(\)/);
    assert.match(left[0] ?? '', `, made at ${lineOf('timer')}`);
  });

  it('names a sleep that nothing waits for', async () => {
    const left = await leftBy(async () => {
      void sleep(60); // here: nap
      await sleep(0);
    });

    assert.is(left.length, 1);
    assert.match(left[0] ?? '', `left waiting: sleep(), made at ${lineOf('nap')}`);
  });

  it('names a failure that was not retrieved, with its stack', async () => {
    const [line, ...stack] = await leftBy(async () => {
      getRunningLoop().createFuture().setException(new RangeError('unseen')); // here: failure
      await sleep(0);
    });

    assert.match(line ?? '', /^failed, and was never retrieved: <Future finished .*unseen/);
    assert.match(stack.join('\n'), lineOf('failure').split(':').at(-1) as string);
  });

  it('does not report what was retrieved, cancelled or closed', async () => {
    await runChecked(async () => {
      const failing = createTask(async () => {
        throw new RangeError('seen');
      });
      await rejects(failing, RangeError);
      await rejects(wrapPromise(Promise.reject(new RangeError('seen'))), RangeError);
      const cancelled = createTask(sleep(10));
      await settle();
      cancelled.cancel();
      await settle();
      socket.socket(socket.AF_INET, socket.SOCK_STREAM).close();
    });
  });

  it('leaves nothing of its own behind', async () => {
    await leftBy(async () => {
      socket.socket(socket.AF_INET, socket.SOCK_STREAM);
    });

    assert.is(await runChecked(async () => 'clean'), 'clean');
  });

  it('throws what the program throws', async () => {
    const running = runChecked(async () => {
      createTask(sleep(10));
      throw new RangeError('boom');
    });

    await rejects(running, RangeError, { message: 'boom' });
  });
});
