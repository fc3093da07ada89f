import { closeSync, openSync, readSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import * as assert from 'uvu/assert';
import { RuntimeError } from '../../src/base/errors/errors.ts';
import { OSError, PermissionError } from '../../src/base/errors/os-errors.ts';
import { Protocol, sleep } from '../../src/index.ts';
import type { Loop } from '../../src/loop/loop.ts';
import * as socket from '../../src/socket.ts';
import { attempt, DRIVERS } from '../support/drivers.ts';
import { type LoopOptions, loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';

const REAL: LoopOptions = { clock: 'real' };

function pair(driver: socket.DriverName): [socket.Socket, socket.Socket] {
  const type = socket.SOCK_STREAM | socket.SOCK_NONBLOCK;
  return socket.socketpair(socket.AF_UNIX, type, 0, { driver });
}

/** Done when `callback` was called `times` times as the reader of `sock`. */
async function readTimes(
  loop: Loop,
  sock: socket.Socket | number,
  times: number,
  callback: () => void,
): Promise<void> {
  const done = loop.createFuture<void>();
  let calls = 0;
  loop.addReader(sock, () => {
    callback();
    calls += 1;
    if (calls === times) done.setResult();
  });
  await done;
}

for (const { name, shown = name } of DRIVERS) {
  if (shown !== 'posix') {
    loopBehaviour(`loop.addReader (${name})`, (it) => {
      it('refuses a socket without a descriptor of its own', async (loop) => {
        const sock = socket.socket(undefined, undefined, 0, { driver: name });

        await rejects(
          attempt(() => loop.addReader(sock, () => {})),
          OSError,
          { code: 'EOPNOTSUPP' },
        );
        sock.close();
      });
    });
    continue;
  }

  loopBehaviour(`loop.addReader (${name})`, (it) => {
    it(
      'calls back each turn while there is data to read',
      async (loop) => {
        const [one, other] = pair(name);
        one.send(Buffer.from('abc'));
        let text = '';

        await readTimes(loop, other, 3, () => {
          text += other.recv(1);
        });

        assert.is(text, 'abc');
        assert.is(loop.removeReader(other), true);
        assert.is(loop.removeReader(other), false);
        one.close();
        other.close();
      },
      {
        ...REAL,
        cpython: [
          'test_selector_events.py::BaseSelectorEventLoopTests::test_remove_reader',
          'test_selector_events.py::BaseSelectorEventLoopTests::test_remove_reader_unknown',
          'test_selector_events.py::BaseSelectorEventLoopTests::test_process_events_read',
        ],
      },
    );

    it(
      'calls back with its arguments when data arrives',
      async (loop) => {
        const [one, other] = pair(name);
        const came = loop.createFuture<string>();
        loop.addReader(other, (text: string) => came.done() || came.setResult(text), 'came');
        loop.callSoon(() => one.send(Buffer.from('x')));

        assert.is(await came, 'came');
        loop.removeReader(other);
        one.close();
        other.close();
      },
      {
        ...REAL,
        cpython: [
          'test_selector_events.py::BaseSelectorEventLoopTests::test_add_reader',
          'test_events.py::EventLoopTestsMixin::test_reader_callback',
        ],
      },
    );

    it(
      'accepts a descriptor number, and calls back at end of file',
      async (loop) => {
        const [one, other] = pair(name);
        const fd = other.detach();
        one.close();

        await readTimes(loop, fd, 1, () => {});

        assert.is(readSync(fd, Buffer.alloc(1)), 0);
        assert.is(loop.removeReader(fd), true);
        closeSync(fd);
      },
      REAL,
    );

    it(
      'replaces the previous callback',
      async (loop) => {
        const [one, other] = pair(name);
        one.send(Buffer.from('x'));
        loop.addReader(other, () => assert.unreachable('it was replaced'));
        loop.addWriter(other, () => assert.unreachable('it was replaced'));
        let written = 0;
        loop.addWriter(other, () => {
          written += 1;
        });

        await readTimes(loop, other, 2, () => {});

        assert.ok(written > 0);
        loop.removeReader(other);
        loop.removeWriter(other);
        one.close();
        other.close();
      },
      {
        ...REAL,
        cpython: [
          'test_selector_events.py::BaseSelectorEventLoopTests::test_add_reader_existing',
          'test_selector_events.py::BaseSelectorEventLoopTests::test_add_writer_existing',
        ],
      },
    );

    it(
      'forgets a closed socket',
      async (loop, { settle }) => {
        const [one, other] = pair(name);
        loop.addReader(other, () => {});
        loop.addWriter(other, () => {});

        other.close();

        assert.is(one.recv(1).length, 0);
        await settle();
        one.close();
      },
      REAL,
    );

    it('refuses regular files, as epoll does', async (loop) => {
      const fd = openSync(process.execPath, 'r');

      await rejects(
        attempt(() => loop.addReader(fd, () => {})),
        PermissionError,
        { code: 'EPERM', message: '[Errno 1] Operation not permitted' },
      );
      closeSync(fd);
    });

    it(
      'refuses anything but a descriptor',
      async (loop) => {
        const [one, other] = pair(name);
        one.close();
        other.close();

        const wrong = '3' as never;
        for (const call of [
          () => loop.addReader(wrong, () => {}),
          () => loop.removeReader(wrong),
          () => loop.addWriter(wrong, () => {}),
          () => loop.removeWriter(wrong),
        ])
          await rejects(attempt(call), TypeError, { message: "Invalid file object: '3'" });
        await rejects(
          attempt(() => loop.addReader(one, () => {})),
          RangeError,
          { message: 'Invalid file descriptor: -1' },
        );
        await rejects(
          attempt(() => loop.addReader(99_999, () => {})),
          OSError,
          { code: 'EBADF' },
        );
      },
      { cpython: ['test_unix_events.py::TestFunctional::test_add_reader_invalid_argument'] },
    );

    it(
      'refuses a socket with a pending operation, and the socket then refuses operations',
      async (loop) => {
        const [one, other] = pair(name);
        const waiting = loop.sockRecv(other, 1);

        await rejects(
          attempt(() => loop.addReader(other, () => {})),
          RuntimeError,
          { message: /is used by an operation that is receiving/ },
        );
        waiting.cancel();
        loop.addReader(other, () => {});
        await rejects(
          attempt(() => loop.sockRecv(other, 1)),
          RuntimeError,
        );
        loop.removeReader(other);
        one.close();
        other.close();
      },
      REAL,
    );

    it(
      'refuses a descriptor that belongs to a transport',
      async (loop) => {
        const [one, other] = pair(name);
        const [transport] = await loop.createConnection(
          () => new Protocol(),
          undefined,
          undefined,
          {
            sock: other,
          },
        );

        for (const fd of [other, other.fileno()])
          for (const call of [
            () => loop.addReader(fd, () => {}),
            () => loop.removeReader(fd),
            () => loop.addWriter(fd, () => {}),
            () => loop.removeWriter(fd),
          ])
            await rejects(attempt(call), RuntimeError, {
              message: /^File descriptor \d+ is used by transport </,
            });
        transport.abort();
        one.close();
        await new Promise(setImmediate);
      },
      {
        ...REAL,
        cpython: ['test_unix_events.py::TestFunctional::test_add_reader_or_writer_transport_fd'],
      },
    );

    it(
      'watches descriptors that Node itself polls',
      async (loop) => {
        const server = createServer((peer) => peer.on('error', () => {}).end('x')).listen(
          0,
          '127.0.0.1',
        );
        await new Promise((resolve) => server.once('listening', resolve));
        const peer = connect((server.address() as { port: number }).port, '127.0.0.1').pause();
        await new Promise((resolve) => peer.once('connect', resolve));

        const { fd } = (peer as unknown as { _handle: { fd: number } })._handle;
        await readTimes(loop, fd, 2, () => {});

        loop.removeReader(fd);
        peer.destroy();
        server.close();
      },
      REAL,
    );

    it.resting(
      'is removed when the loop is closed',
      async (loop) => {
        const [one, other] = pair(name);
        loop.addReader(other, () => {});

        loop.close();

        await rejects(
          attempt(() => loop.addReader(other, () => {})),
          RuntimeError,
        );
        assert.is(loop.removeReader(other), false);
        other.close();
        assert.is(one.recv(1).length, 0);
        one.close();
      },
      {
        cpython: [
          'test_events.py::EventLoopTestsMixin::test_remove_fds_after_closing',
          'test_events.py::EventLoopTestsMixin::test_add_fds_after_closing',
        ],
      },
    );
  });

  loopBehaviour(`loop.addReader beside a writer (${name})`, (it) => {
    it(
      'can be added and removed while the writer is called each turn',
      async (loop) => {
        const [one, other] = pair(name);
        let [reads, writes] = [0, 0];
        loop.addWriter(one, () => {
          writes += 1;
        });
        loop.addReader(one, () => {
          reads += 1;
          one.recv(10);
        });
        other.send(Buffer.from('x'));
        while (reads === 0) await sleep(0);
        const before = writes;
        assert.ok(before > 0);

        assert.ok(loop.removeReader(one));
        assert.not(loop.removeReader(one));
        other.send(Buffer.from('x'));
        while (writes < before + 3) await sleep(0);

        assert.is(reads, 1);
        assert.ok(loop.removeWriter(one));
        one.close();
        other.close();
      },
      {
        clock: 'real',
        cpython: [
          'test_selector_events.py::BaseSelectorEventLoopTests::test_add_reader_existing_writer',
          'test_selector_events.py::BaseSelectorEventLoopTests::test_remove_reader_read_write',
        ],
      },
    );
  });

  loopBehaviour(`loop.addWriter (${name})`, (it) => {
    it(
      'calls back each turn while the socket is writable, alongside a reader',
      async (loop) => {
        const [one, other] = pair(name);
        const done = loop.createFuture<void>();
        let calls = 0;
        loop.addReader(one, () => {});
        loop.addWriter(one, () => {
          calls += 1;
          if (calls === 3) done.setResult();
        });

        await done;

        assert.is(loop.removeWriter(one), true);
        assert.is(loop.removeWriter(one), false);
        assert.is(loop.removeReader(one), true);
        one.close();
        other.close();
      },
      {
        ...REAL,
        cpython: [
          'test_selector_events.py::BaseSelectorEventLoopTests::test_add_writer',
          'test_selector_events.py::BaseSelectorEventLoopTests::test_remove_writer',
          'test_selector_events.py::BaseSelectorEventLoopTests::test_remove_writer_unknown',
          'test_selector_events.py::BaseSelectorEventLoopTests::test_remove_writer_read_write',
          'test_selector_events.py::BaseSelectorEventLoopTests::test_process_events_write',
          'test_events.py::EventLoopTestsMixin::test_writer_callback',
        ],
      },
    );
  });
}
