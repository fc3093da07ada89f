import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import * as assert from 'uvu/assert';
import { osError } from '../../../src/base/errors/os-errors.ts';
import {
  BrokenPipeError,
  BufferedProtocol,
  CancelledError,
  OSError,
  Protocol,
  ReadTransport,
  RuntimeError,
  StreamReader,
  StreamReaderProtocol,
  StreamWriter,
  Transport,
  WriteTransport,
} from '../../../src/index.ts';
import type { PipeEnd } from '../../../src/sock/endpoint/endpoint.ts';
import type { DriverName, Socket } from '../../../src/socket.ts';
import * as socket from '../../../src/socket.ts';
import { type OpenPipe, opened } from '../../../src/transports/pipes/open-pipe.ts';
import { ReadPipeTransport } from '../../../src/transports/pipes/read-pipe-transport.ts';
import { WritePipeTransport } from '../../../src/transports/pipes/write-pipe-transport.ts';
import { connectedPair, DRIVERS } from '../../support/drivers.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { PipeReader, PipeWriter, readingFrom, writingTo } from '../../support/pipes.ts';
import { LARGE, PIPE_DRIVERS, systemPipe } from '../../support/processes.ts';
import { rejects } from '../../support/rejects.ts';
import { openTerminal } from '../../support/terminal.ts';
import { throws } from '../../support/throws.ts';
import { until } from '../../support/transports.ts';

const REAL = { clock: 'real' } as const;
const EVENTS = 'test_events.py::EventLoopTestsMixin::';
const READ = 'test_unix_events.py::UnixReadPipeTransportTests::';
const WRITE = 'test_unix_events.py::UnixWritePipeTransportTests::';

function real(...cpython: readonly string[]): { clock: 'real'; cpython: readonly string[] } {
  return { ...REAL, cpython };
}

/** Is the descriptor open? */
function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

/** Lets a pair of sockets be made, one of which is used as the end of a pipe. */
async function socketsOn(driver: DriverName): Promise<[Socket, Socket]> {
  if (driver === 'node' || driver === 'memory') {
    const { client, server, listener } = await connectedPair(driver);
    listener.close();
    return [client, server];
  }
  return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, { driver });
}

for (const driver of PIPE_DRIVERS) {
  loopBehaviour(`loop.connectReadPipe on ${driver}`, (it) => {
    it(
      'calls back in order: connectionMade, dataReceived, eofReceived, connectionLost',
      async (loop) => {
        const [from, to] = systemPipe();
        const [transport, protocol] = await readingFrom(loop, from, driver);
        assert.equal(protocol.calls, ['connectionMade']);
        assert.is(transport.getExtraInfo('pipe'), from);
        assert.is(transport.getProtocol(), protocol);
        assert.ok(transport.isReading());
        writeSync(to, '1');
        await until(loop, () => protocol.data === '1');
        writeSync(to, '2345');
        await until(loop, () => protocol.data === '12345');
        closeSync(to);
        assert.is(await protocol.lost, undefined);
        assert.equal(protocol.calls, [
          'connectionMade',
          'dataReceived 1',
          'dataReceived 2345',
          'eofReceived',
          'connectionLost',
        ]);
        await loop.createTask(async () => {});
        assert.not.ok(isOpen(from));
        assert.is(transport.getProtocol(), undefined);
        assert.match(String(transport), /^<_UnixReadPipeTransport closed fd=\d+ closed>$/);
      },
      real(
        `${EVENTS}test_read_pipe`,
        `${READ}test_ctor`,
        `${READ}test__read_ready`,
        `${READ}test__read_ready_eof`,
        `${READ}test__read_ready_blocked`,
        `${READ}test__call_connection_lost`,
      ),
    );

    it(
      'reads nothing while it is paused',
      async (loop, { settle }) => {
        const [from, to] = systemPipe();
        const [transport, protocol] = await readingFrom(loop, from, driver);
        transport.resumeReading();
        transport.pauseReading();
        transport.pauseReading();
        assert.not.ok(transport.isReading());
        assert.match(String(transport), /^<_UnixReadPipeTransport fd=\d+ idle>$/);
        writeSync(to, 'kept');
        await settle(10);
        assert.is(protocol.data, '');
        transport.resumeReading();
        assert.match(String(transport), /^<_UnixReadPipeTransport fd=\d+ polling>$/);
        await until(loop, () => protocol.data === 'kept');
        transport.close();
        assert.ok(transport.isClosing());
        transport.close();
        transport.pauseReading();
        transport.resumeReading();
        assert.is(await protocol.lost, undefined);
        await settle();
        transport.pauseReading();
        transport.resumeReading();
        assert.equal(protocol.calls, ['connectionMade', 'dataReceived kept', 'connectionLost']);
        closeSync(to);
      },
      real(
        `${READ}test_pause_reading`,
        `${READ}test_resume_reading`,
        `${READ}test_close`,
        `${READ}test_close_already_closing`,
        `${READ}test__close`,
        `${READ}test_pause_reading_on_closed_pipe`,
        `${READ}test_pause_reading_on_paused_pipe`,
        `${READ}test_resume_reading_on_closed_pipe`,
        `${READ}test_resume_reading_on_paused_pipe`,
      ),
    );

    it(
      'reports what a protocol throws, and continues',
      async (loop, { reports }) => {
        const [from, to] = systemPipe();
        const protocol = new PipeReader(loop);
        let fails = true;
        protocol.dataReceived = (data) => {
          protocol.data += data;
          if (fails) throw new Error('once');
        };
        await loop.connectReadPipe(() => protocol, from, { driver });
        writeSync(to, 'a');
        await until(loop, () => reports.length > 0);
        fails = false;
        writeSync(to, 'b');
        await until(loop, () => protocol.data === 'ab');
        closeSync(to);
        await protocol.lost;
        assert.is(reports.length, 1);
        assert.match(String(reports[0]?.message), /_UnixReadPipeTransport\._read_ready/);
      },
      REAL,
    );

    it(
      'reads from a terminal, whose end is not an error',
      async (loop) => {
        const [master, slave] = openTerminal();
        const [, protocol] = await readingFrom(loop, master, driver);
        writeSync(slave, '1');
        await until(loop, () => protocol.data === '1');
        writeSync(slave, '2345');
        await until(loop, () => protocol.data === '12345');
        closeSync(slave);
        assert.is(((await protocol.lost) as OSError).code, 'EIO');
      },
      real(
        `${EVENTS}test_read_pty_output`,
        'test_events.py::KqueueEventLoopTests::test_read_pty_output',
        `${READ}test__call_connection_lost_with_err`,
      ),
    );

    it(
      'feeds a StreamReader',
      async (loop) => {
        const [from, to] = systemPipe();
        const reader = new StreamReader();
        const [transport] = await loop.connectReadPipe(
          () => new StreamReaderProtocol(reader),
          from,
          { driver },
        );
        writeSync(to, 'one\ntwo');
        assert.is(String(await reader.readline()), 'one\n');
        closeSync(to);
        assert.is(String(await reader.read()), 'two');
        assert.ok(transport.isClosing());
        await loop.createTask(async () => {});
      },
      real('test_streams.py::StreamTests::test_read_all_from_pipe_reader'),
    );

    if (driver === 'node')
      it(
        'refuses a descriptor that belongs to another transport until that is closed',
        async (loop) => {
          const [from, to] = systemPipe();
          const factory = (): PipeReader => new PipeReader(loop);
          const [transport, { lost }] = await loop.connectReadPipe(factory, from, { driver });
          await rejects(loop.connectReadPipe(factory, from, { driver }), OSError, {
            code: 'EBUSY',
          });

          transport.close();
          await lost;
          closeSync(to);
          const [next, other] = systemPipe();
          assert.is(next, from);
          const [again, reader] = await loop.connectReadPipe(factory, next, { driver });
          again.close();
          await reader.lost;
          closeSync(other);
        },
        REAL,
      );

    it(
      'leaves a pipe untouched that it refuses',
      async (loop) => {
        const [from, to] = systemPipe();
        const factory = (): PipeReader => new PipeReader(loop);
        const file = openSync(import.meta.filename, 'r');
        await rejects(loop.connectReadPipe(factory, file, { driver }), RangeError, {
          message: 'Pipe transport is for pipes/sockets only.',
        });
        closeSync(file);
        await rejects(loop.connectReadPipe(factory, 9999, { driver }), OSError, { code: 'EBADF' });
        await rejects(loop.connectReadPipe(factory, -1, { driver }), RangeError);
        await rejects(loop.connectReadPipe(factory, {} as never, { driver }), TypeError);
        await rejects(
          loop.connectReadPipe(() => ({}) as never, from, { driver }),
          TypeError,
        );
        await rejects(
          loop.connectReadPipe(() => new BufferedProtocol() as never, from, { driver }),
          TypeError,
        );
        assert.ok(isOpen(from));
        closeSync(from);
        closeSync(to);
      },
      REAL,
    );

    it(
      'closes the pipe when it is cancelled',
      async (loop, { settle }) => {
        const [from, to] = systemPipe();
        const task = loop.createTask(
          loop.connectReadPipe(() => new PipeReader(loop), from, { driver }),
        );
        await settle(1);
        task.cancel();
        await rejects(task, CancelledError);
        await settle();
        assert.not.ok(isOpen(from));
        closeSync(to);
      },
      REAL,
    );

    it.resting(
      'closes the pipe with its loop',
      async (loop) => {
        const [from, to] = systemPipe();
        const [transport] = await loop.runUntilComplete(() => readingFrom(loop, from, driver));
        assert.match(String(transport), /^<_UnixReadPipeTransport fd=\d+ polling>$/);
        const warned = warnings();
        loop.close();
        assert.match(await warned, /unclosed transport <_UnixReadPipeTransport fd=\d+ open>/);
        await closed(from);
        closeSync(to);
      },
      { ...real(`${EVENTS}test_unclosed_pipe_transport`), debug: true },
    );
  });

  loopBehaviour(`loop.connectWritePipe on ${driver}`, (it) => {
    it(
      'writes immediately, and closes on request',
      async (loop, { settle }) => {
        const [from, to] = systemPipe();
        const [transport, protocol] = await writingTo(loop, to, driver);
        assert.equal(protocol.calls, ['connectionMade']);
        assert.is(transport.getExtraInfo('pipe'), to);
        assert.ok(transport.canWriteEof());
        transport.write('');
        transport.write('1');
        assert.is(readAll(from), '1');
        transport.writelines(['23', Buffer.from('45')]);
        assert.is(readAll(from), '2345');
        assert.is(transport.getWriteBufferSize(), 0);
        assert.match(String(transport), /^<_UnixWritePipeTransport fd=\d+ idle bufsize=0>$/);
        transport.close();
        transport.close();
        assert.ok(transport.isClosing());
        assert.is(await protocol.lost, undefined);
        await settle();
        assert.match(String(transport), /^<_UnixWritePipeTransport closed fd=\d+ closed>$/);
        assert.not.ok(isOpen(to));
        assert.is(transport.getProtocol(), undefined);
        closeSync(from);
      },
      real(
        `${EVENTS}test_write_pipe`,
        `${WRITE}test_ctor`,
        `${WRITE}test_can_write_eof`,
        `${WRITE}test_write`,
        `${WRITE}test_write_no_data`,
        `${WRITE}test__call_connection_lost`,
        `${WRITE}test_close`,
        `${WRITE}test_close_closing`,
        `${WRITE}test_write_eof`,
      ),
    );

    it(
      'buffers what the pipe does not accept, and pauses the protocol meanwhile',
      async (loop) => {
        const [from, to] = systemPipe();
        const [transport, protocol] = await writingTo(loop, to, driver);
        const [, reader] = await readingFrom(loop, from, 'posix');
        transport.write(LARGE);
        transport.write('the end');
        assert.ok(transport.getWriteBufferSize() > 0);
        assert.match(String(transport), /polling bufsize=\d+>$/);
        transport.close();
        assert.equal(protocol.calls, ['connectionMade', 'pauseWriting']);
        assert.is(await protocol.lost, undefined);
        assert.is(await reader.lost, undefined);
        assert.is(reader.data, `${LARGE}the end`);
        assert.equal(protocol.calls, [
          'connectionMade',
          'pauseWriting',
          'resumeWriting',
          'connectionLost',
        ]);
      },
      real(
        `${WRITE}test_write_partial`,
        `${WRITE}test_write_buffer`,
        `${WRITE}test_write_again`,
        `${WRITE}test__write_ready`,
        `${WRITE}test__write_ready_partial`,
        `${WRITE}test__write_ready_again`,
        `${WRITE}test__write_ready_closing`,
        `${WRITE}test_write_eof_pending`,
      ),
    );

    it(
      'continues after the protocol was resumed',
      async (loop) => {
        const [from, to] = systemPipe();
        const [transport, protocol] = await writingTo(loop, to, driver);
        const [, reader] = await readingFrom(loop, from, 'posix');
        transport.setWriteBufferLimits(10, 5);
        assert.equal(transport.getWriteBufferLimits(), [5, 10]);
        for (let round = 1; round <= 3; round += 1) {
          transport.write(LARGE);
          await until(
            loop,
            () => protocol.calls.filter((call) => /resume/.test(call)).length === round,
          );
        }
        transport.close();
        await reader.lost;
        assert.is(reader.data.length, 3 * LARGE.length);
      },
      REAL,
    );

    it(
      'fails if the reader closes, also while data is buffered',
      async (loop, { logged }) => {
        const [from, to] = systemPipe();
        const [transport, protocol] = await writingTo(loop, to, driver);
        transport.write(LARGE);
        closeSync(from);
        assert.instance(await protocol.lost, BrokenPipeError);
        assert.ok(transport.isClosing());
        assert.is(transport.getWriteBufferSize(), 0);
        for (let n = 0; n < 6; n += 1) transport.write('x');
        assert.match(logged.join(), /pipe closed by peer or os\.write/);
      },
      real(
        `${WRITE}test_write_err`,
        `${WRITE}test__write_ready_err`,
        `${WRITE}test_write_close`,
        `${WRITE}test__call_connection_lost_with_err`,
      ),
    );

    it(
      'fails a write if there is no reader',
      async (loop, { settle }) => {
        const [from, to] = systemPipe();
        const [transport, protocol] = await writingTo(loop, to, driver);
        closeSync(from);
        transport.write('x');
        transport.write('dropped');
        const error = await protocol.lost;
        assert.ok(error === undefined || error instanceof BrokenPipeError);
        await settle();
        assert.not.ok(isOpen(to));
      },
      REAL,
    );

    it(
      'drops its buffer when it is aborted',
      async (loop, { settle }) => {
        const [from, to] = systemPipe();
        const [transport, protocol] = await writingTo(loop, to, driver);
        transport.write(LARGE);
        transport.abort();
        transport.abort();
        assert.is(transport.getWriteBufferSize(), 0);
        assert.ok(transport.isClosing());
        assert.is(await protocol.lost, undefined);
        await settle();
        assert.equal(protocol.calls, ['connectionMade', 'pauseWriting', 'connectionLost']);
        closeSync(from);
      },
      real(`${WRITE}test_abort`),
    );

    it(
      'writes to a terminal',
      async (loop) => {
        const [master, slave] = openTerminal();
        const [transport, protocol] = await writingTo(loop, slave, driver);
        transport.write('1');
        assert.is(readAll(master), '1');
        transport.write('2345');
        assert.is(readAll(master), '2345');
        transport.close();
        assert.is(await protocol.lost, undefined);
        closeSync(master);
      },
      real(`${EVENTS}test_write_pty`, 'test_events.py::KqueueEventLoopTests::test_write_pty'),
    );

    it(
      'serves a StreamWriter, which waits for the reader',
      async (loop) => {
        const [from, to] = systemPipe();
        const reader = new StreamReader();
        const [transport, protocol] = await loop.connectWritePipe(
          () => new StreamReaderProtocol(reader),
          to,
          { driver },
        );
        const writer = new StreamWriter(transport, protocol, undefined, loop);
        const [, notes] = await readingFrom(loop, from, 'posix');
        await rejects(writer.startTls({}), TypeError);
        writer.write(LARGE);
        await writer.drain();
        writer.close();
        await writer.waitClosed();
        assert.is(await notes.lost, undefined);
        assert.is(notes.data.length, LARGE.length);
      },
      REAL,
    );

    it(
      'refuses anything but a pipe, and anything but bytes',
      async (loop) => {
        const factory = (): PipeWriter => new PipeWriter(loop);
        const file = openSync(import.meta.filename, 'r');
        await rejects(loop.connectWritePipe(factory, file, { driver }), RangeError, {
          message: 'Pipe transport is only for pipes, sockets and character devices',
        });
        closeSync(file);
        const [from, to] = systemPipe();
        const [transport, protocol] = await writingTo(loop, to, driver);
        throws(() => transport.write(7 as never), TypeError);
        throws(() => transport.writelines('text'), TypeError);
        transport.close();
        await protocol.lost;
        closeSync(from);
      },
      REAL,
    );

    it.resting(
      'writes what it can when its loop is closed, and closes the pipe',
      async (loop) => {
        const [from, to] = systemPipe();
        await loop.runUntilComplete(async () => {
          const [transport] = await writingTo(loop, to, driver);
          transport.write('last words');
        });
        loop.close();
        await closed(to);
        assert.is(readAll(from), 'last words');
        assert.is(readAll(from), '');
        closeSync(from);
      },
      REAL,
    );
  });
}

for (const driver of PIPE_DRIVERS) {
  loopBehaviour(`Pipes of devices on ${driver}`, (it) => {
    it(
      'read and write devices that never block',
      async (loop) => {
        const device = openSync('/dev/null', 'r+');
        const [transport, protocol] = await writingTo(loop, device, driver);
        transport.write(LARGE);
        transport.close();
        assert.is(await protocol.lost, undefined);
        const [, reader] = await readingFrom(loop, openSync('/dev/null', 'r'), driver);
        assert.is(await reader.lost, undefined);
        assert.equal(reader.calls, ['connectionMade', 'eofReceived', 'connectionLost']);
      },
      REAL,
    );
  });
}

for (const driver of ['posix', 'posix, uv_poll'] as DriverName[]) {
  loopBehaviour(`Pipes of descriptors on ${driver}`, (it) => {
    it(
      'detect immediately that the reader has closed',
      async (loop) => {
        const [from, to] = systemPipe();
        const [transport, protocol] = await writingTo(loop, to, driver);
        closeSync(from);
        assert.is(await protocol.lost, undefined);
        assert.ok(transport.isClosing());
      },
      real(`${EVENTS}test_write_pipe_disconnect_on_close`, `${WRITE}test__read_ready`),
    );

    it(
      'can have one transport for each direction of a terminal',
      async (loop) => {
        const [master, slave] = openTerminal();
        const [input, read] = await readingFrom(loop, slave, driver);
        const [output, written] = await writingTo(loop, slave, driver);
        writeSync(master, 'in\n');
        await until(loop, () => read.data === 'in\n');
        output.write('out\n');
        await until(loop, () => /out/.test(readAll(master)));
        input.close();
        await read.lost;
        output.abort();
        await written.lost;
        closeSync(master);
      },
      real(`${EVENTS}test_bidirectional_pty`),
    );

    it(
      'accept an object with a descriptor, which closes it',
      async (loop) => {
        const [from, to] = systemPipe();
        const handle = await open(`/proc/self/fd/${to}`, 'w');
        closeSync(to);
        const [transport, protocol] = await writingTo(loop, handle, driver);
        transport.write('by a handle');
        transport.close();
        await protocol.lost;
        await until(loop, () => handle.fd === -1);
        assert.is(readAll(from), 'by a handle');
        closeSync(from);
      },
      REAL,
    );

    it(
      'are refused if the descriptor belongs to a Socket',
      async (loop) => {
        const [one, other] = await socketsOn(driver);
        await rejects(readingFrom(loop, one.fileno(), driver), OSError, { code: 'EBUSY' });
        one.close();
        other.close();
      },
      REAL,
    );
  });
}

for (const { name: driver } of DRIVERS) {
  loopBehaviour(`Pipes of sockets on ${driver}`, (it) => {
    it(
      'read and write, and detect that the peer has closed',
      async (loop) => {
        const [one, other] = await socketsOn(driver);
        const [writer, written] = await writingTo(loop, one);
        const [, read] = await readingFrom(loop, other);
        writer.write(LARGE);
        writer.close();
        assert.is(await written.lost, undefined);
        assert.is(await read.lost, undefined);
        assert.is(read.data.length, LARGE.length);
        assert.is(one.fileno(), -1);

        const [left, right] = await socketsOn(driver);
        const [, waits] = await writingTo(loop, left);
        right.close();
        assert.is(await waits.lost, undefined);
      },
      REAL,
    );

    it(
      'are refused if the socket belongs to a transport',
      async (loop) => {
        const [one, other] = await socketsOn(driver);
        const [transport, protocol] = await readingFrom(loop, one);
        await rejects(readingFrom(loop, one), RuntimeError);
        transport.close();
        await protocol.lost;
        other.close();
      },
      REAL,
    );
  });
}

/** The end of a pipe that does as a test says. */
function standIn(methods: Partial<PipeEnd>): OpenPipe {
  const end: PipeEnd = {
    driver: 'memory',
    reader: undefined,
    writer: undefined,
    mayReceive: true,
    closed: false,
    tryRecv: () => undefined,
    trySend: () => -1,
    close: () => {},
    fileno: () => 5,
    ...methods,
  };
  return opened(end);
}

loopBehaviour('Pipe transports', (it) => {
  it(
    'report a read error, and close',
    async (loop, { reports }) => {
      const failure = osError('EINVAL', 'read');
      const protocol = new PipeReader(loop);
      const fails = (): never => {
        throw failure;
      };
      new ReadPipeTransport(loop, standIn({ tryRecv: fails }), protocol, undefined);
      assert.is(await protocol.lost, failure);
      assert.is(reports.length, 1);
      assert.is(reports[0]?.message, 'Fatal read error on pipe transport');
      assert.is(reports[0]?.exception, failure);
    },
    { cpython: [`${READ}test__read_ready_error`] },
  );

  it(
    'keep their buffer if a pipe accepts nothing, and close once it is written',
    async (loop, { settle }) => {
      const written: string[] = [];
      let room = false;
      const pipe = standIn({
        trySend(data, from) {
          if (!room) return -1;
          written.push(String(data.subarray(from)));
          return data.length - from;
        },
      });
      const protocol = new PipeWriter(loop);
      const transport = new WritePipeTransport(loop, pipe, protocol, undefined);
      transport.write('data');
      await settle(10);
      assert.is(transport.getWriteBufferSize(), 4);
      transport.close();
      room = true;
      pipe.end.writer?.ready();
      assert.is(await protocol.lost, undefined);
      assert.equal(written, ['data']);
    },
    { cpython: [`${WRITE}test__write_ready_empty`] },
  );
});

loopBehaviour('loop.connectReadPipe on memory', (it) => {
  it(
    'does not support descriptors',
    async (loop) => {
      const [from, to] = systemPipe();
      await rejects(readingFrom(loop, from, 'memory'), OSError, { code: 'EOPNOTSUPP' });
      closeSync(from);
      closeSync(to);
    },
    REAL,
  );
});

loopBehaviour('ReadTransport and WriteTransport', (it) => {
  it(
    'are base classes of stream transports too',
    async (loop) => {
      const [sock, peer] = await socketsOn('memory');
      const [transport] = await loop.createConnection(() => new Protocol(), undefined, undefined, {
        sock,
      });
      assert.instance(transport, ReadTransport);
      assert.instance(transport, WriteTransport);
      const [pipe, protocol] = await readingFrom(loop, peer);
      assert.instance(pipe, ReadTransport);
      assert.not.ok(pipe instanceof WriteTransport || pipe instanceof Transport);
      assert.not.ok({} instanceof ReadTransport);
      transport.close();
      await protocol.lost;
    },
    REAL,
  );
});

/** What is in a pipe, or a terminal, now. */
function readAll(fd: number): string {
  const buffer = Buffer.alloc(1024);
  return String(buffer.subarray(0, readSync(fd, buffer)));
}

/** Resolves when the descriptor is closed. */
async function closed(fd: number): Promise<void> {
  while (isOpen(fd)) await new Promise((resolve) => setImmediate(resolve));
}

/** The next warning. */
function warnings(): Promise<string> {
  return new Promise((resolve) => {
    process.once('warning', ({ message }) => resolve(message));
  });
}
