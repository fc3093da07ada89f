import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { CancelledError, SendfileNotAvailableError } from '../../../src/base/errors/errors.ts';
import { OSError } from '../../../src/base/errors/os-errors.ts';
import type { Loop } from '../../../src/loop/loop.ts';
import * as socket from '../../../src/socket.ts';
import { connectedPair, DRIVERS, datagram, filled } from '../../support/drivers.ts';
import { type LoopOptions, loopBehaviour, settle } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

const REAL: LoopOptions = { clock: 'real' };

/** CPython's tests of a loop without the system's sendfile(): as the drivers node and memory are. */
const FALLBACK = 'test_base_events.py::BaseLoopSockSendfileTests::';

const directory = mkdtempSync(join(tmpdir(), 'asyncio-ts-sendfile-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

/** More than the buffers of a connection hold, and no two parts of it alike. */
const DATA = Buffer.alloc(1_000_000);
for (let at = 0; at < DATA.length; at += 4) DATA.writeUInt32LE(at, at);
const FILE = join(directory, 'data');
writeFileSync(FILE, DATA);

/** All that comes until the end. */
async function all(loop: Loop, sock: socket.Socket): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await loop.sockRecv(sock, 65_536);
    if (chunk.length === 0) return Buffer.concat(chunks);
    chunks.push(chunk);
  }
}

/** The place of a file: what is read there says it. */
function placeOf(file: number): number {
  const word = Buffer.alloc(4);
  return readSync(file, word) === 0 ? DATA.length : word.readUInt32LE();
}

for (const { name, shown = name } of DRIVERS) {
  const native = shown === 'posix';

  loopBehaviour(`loop.sockSendfile (${name})`, (it) => {
    const sends = (
      sentence: string,
      send: (loop: Loop, sock: socket.Socket, file: number) => Promise<number>,
      expected: Buffer,
      nbytes: number,
      place: number,
      cpython: string[] = [],
    ): void =>
      it(
        sentence,
        async (loop) => {
          const { client, server, close } = await connectedPair(name);
          const file = openSync(FILE, 'r');
          const received = loop.createTask(() => all(loop, server));

          const sent = await send(loop, client, file);
          client.shutdown(socket.SHUT_WR);

          assert.ok(expected.equals(await received));
          assert.is(sent, nbytes);
          assert.is(placeOf(file), place);
          closeSync(file);
          close();
        },
        { ...REAL, cpython },
      );

    sends(
      'sends a file, and leaves its position at the end',
      async (loop, sock, file) => await loop.sockSendfile(sock, file),
      DATA,
      DATA.length,
      DATA.length,
      [
        'test_sendfile.py::SockSendfileMixin::test_sock_sendfile_success',
        ...(native ? [] : [`${FALLBACK}test_sock_sendfile_fallback`]),
      ],
    );

    sends(
      'sends part of a file, and leaves its position after that part',
      async (loop, sock, file) => await loop.sockSendfile(sock, file, 1000, 2000),
      DATA.subarray(1000, 3000),
      2000,
      3000,
      [
        'test_sendfile.py::SockSendfileMixin::test_sock_sendfile_with_offset_and_count',
        ...(native ? [] : [`${FALLBACK}test_sock_sendfile_fallback_offset_and_count`]),
      ],
    );

    for (const offset of [0, DATA.length / 2, DATA.length])
      sends(
        `sends everything from byte ${offset}`,
        async (loop, sock, file) => await loop.sockSendfile(sock, file, offset),
        DATA.subarray(offset),
        DATA.length - offset,
        DATA.length,
        ['test_sendfile.py::SockSendfileMixin::test_sock_sendfile_offset'],
      );

    sends(
      'keeps its place between other sends',
      async (loop, sock, file) => {
        await loop.sockSendall(sock, DATA.subarray(0, 65_536));
        const sent = await loop.sockSendfile(sock, file);
        await loop.sockSendall(sock, DATA.subarray(0, 65_536));
        return sent;
      },
      Buffer.concat([DATA.subarray(0, 65_536), DATA, DATA.subarray(0, 65_536)]),
      DATA.length,
      DATA.length,
      ['test_sendfile.py::SockSendfileMixin::test_sock_sendfile_mix_with_regular_send'],
    );

    if (native) {
      const UNIX =
        'test_unix_events.py::SelectorEventLoopUnixSockSendfileTests::test_sock_sendfile_';

      it(
        'waits until the socket is writable, and leaves no waiter behind when it is cancelled',
        async (loop) => {
          const { client, close } = await connectedPair(name);
          const endpoint = client._endpoint;
          Object.defineProperty(endpoint, 'trySendfile', { value: () => -1 });
          const file = openSync(FILE, 'r');
          const task = loop.createTask(loop.sockSendfile(client, file));
          await settle(loop);
          assert.is.not(endpoint.writer, undefined);

          task.cancel();
          endpoint.writer?.ready(); // in the same turn
          await rejects(task, CancelledError);

          assert.is(endpoint.writer, undefined);
          closeSync(file);
          close();
        },
        { ...REAL, cpython: [`${UNIX}blocking_error`, `${UNIX}cancel2`] },
      );

      const failures: [string, () => Error][] = [
        ['os_error_next_call', () => new OSError('odd')],
        ['exception', () => new SendfileNotAvailableError('odd')],
      ];
      for (const [origin, failure] of failures)
        it(
          `throws an error that follows a partial send, and leaves the file position after what was sent: ${failure().name}`,
          async (loop) => {
            const { client, close } = await connectedPair(name);
            const thrown = failure();
            let calls = 0;
            const value = (): number => {
              calls += 1;
              if (calls > 1) throw thrown;
              return 1000;
            };
            Object.defineProperty(client._endpoint, 'trySendfile', { value });
            const file = openSync(FILE, 'r');
            const sending = loop.createTask(
              loop.sockSendfile(client, file, 0, undefined, { fallback: false }),
            );

            assert.is(await rejects(sending, Error), thrown);

            assert.is(placeOf(file), 1000);
            closeSync(file);
            close();
          },
          { ...REAL, cpython: [`${UNIX}${origin}`] },
        );
    }

    it(
      'sends nothing if the file is empty',
      async (loop) => {
        const { client, close } = await connectedPair(name);
        const empty = join(directory, `empty-${shown}`);
        writeFileSync(empty, '');
        const file = await open(empty);

        assert.is(await loop.sockSendfile(client, file), 0);

        await file.close();
        close();
      },
      {
        ...REAL,
        cpython: ['test_sendfile.py::SockSendfileMixin::test_sock_sendfile_zero_size'],
      },
    );

    it(
      'fails with SendfileNotAvailableError if the system does not support it and fallback is false',
      async (loop) => {
        const { client, server, close } = await connectedPair(name);
        // A pipe's end is no file that the system would send.
        const [pipe, other] = socket.socketpair(undefined, undefined, 0, { driver: 'posix' });
        const file = native ? pipe.fileno() : openSync(FILE, 'r');

        await rejects(
          (async () => await loop.sockSendfile(client, file, 0, 10, { fallback: false }))(),
          SendfileNotAvailableError,
        );

        assert.is(server._endpoint.tryRecv(1), undefined);
        if (!native) {
          assert.is(placeOf(file), 0);
          closeSync(file);
        }
        for (const sock of [pipe, other]) sock.close();
        close();
      },
      {
        ...REAL,
        cpython: [
          'test_unix_events.py::SelectorEventLoopUnixSockSendfileTests::test_sock_sendfile_os_error_first_call',
          ...(native
            ? []
            : [
                `${FALLBACK}test_sock_sendfile_no_fallback`,
                `${FALLBACK}test__sock_sendfile_native_failure`,
              ]),
          'test_unix_events.py::SelectorEventLoopUnixSockSendfileTests::test_sock_sendfile_not_available',
          'test_unix_events.py::SelectorEventLoopUnixSockSendfileTests::test_sock_sendfile_not_regular_file',
        ],
      },
    );

    it(
      'stops when its task is cancelled, and leaves the file position after what was sent',
      async (loop, { settle }) => {
        const { client, close } = await connectedPair(name);
        const file = openSync(FILE, 'r');
        const task = loop.createTask(async () => {
          for (;;) await loop.sockSendfile(client, file);
        });
        while (client._endpoint.writer === undefined) await settle();

        task.cancel();
        await rejects(task, CancelledError);

        assert.is(client._endpoint.writer, undefined);
        closeSync(file);
        close();
      },
      {
        ...REAL,
        cpython: [
          'test_unix_events.py::SelectorEventLoopUnixSockSendfileTests::test_sock_sendfile_cancel1',
        ],
      },
    );

    it(
      'refuses invalid files and sockets',
      async (loop) => {
        const { client, close } = await connectedPair(name);
        const datagrams = datagram(name);
        const send = (...args: unknown[]): Promise<unknown> =>
          (async () =>
            await (loop.sockSendfile as (...args: unknown[]) => PromiseLike<unknown>).apply(
              loop,
              args,
            ))();

        await rejects(send(client, 'file'), TypeError, {
          message: "file must be a descriptor or a FileHandle, got 'file'",
        });
        await rejects(send(client, null), TypeError);
        await rejects(send(client, 0, -1), RangeError, {
          message: 'offset must be an integer >= 0, got -1',
        });
        await rejects(send(client, 0, '1'), TypeError);
        await rejects(send(client, 0, 0, -1), RangeError, {
          message: 'count must be an integer >= 1, got -1',
        });
        await rejects(send(client, 0, 0, 0), RangeError);
        await rejects(send(client, 0, 0, 'all'), TypeError);
        await rejects(send(datagrams, 0), RangeError, {
          message: 'only SOCK_STREAM type sockets are supported',
        });
        datagrams.close();
        close();
      },
      {
        cpython: [
          `${FALLBACK}test_nonstream_socket`,
          `${FALLBACK}test_notint_count`,
          `${FALLBACK}test_negative_count`,
          `${FALLBACK}test_notint_offset`,
          `${FALLBACK}test_negative_offset`,
        ],
      },
    );

    it(
      'refuses a blocking socket in debug mode',
      async (loop) => {
        const { client, server, close } = await connectedPair(name);
        const file = openSync(FILE, 'r');
        client.setblocking(true);

        await rejects(loop.sockSendfile(client, file), RangeError, {
          message: 'the socket must be non-blocking',
        });

        assert.is(server._endpoint.tryRecv(1), undefined);
        closeSync(file);
        close();
      },
      { debug: true, cpython: [`${FALLBACK}test_blocking_socket`] },
    );

    it(
      'refuses a socket with another pending send',
      async (loop) => {
        const { client, close } = await connectedPair(name);
        filled(client);
        const waiting = loop.sockSendall(client, Buffer.alloc(1_000_000));
        const file = openSync(FILE, 'r');

        if (client._endpoint.writer !== undefined)
          await rejects((async () => await loop.sockSendfile(client, file))(), Error, {
            message: /another operation is already sending/,
          });

        waiting.cancel();
        closeSync(file);
        close();
      },
      REAL,
    );
  });
}
