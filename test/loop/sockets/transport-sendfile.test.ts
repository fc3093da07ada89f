import {
  closeSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import * as asyncio from '../../../src/index.ts';
import { DRIVERS } from '../../support/drivers.ts';
import { type LoopOptions, loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { securely } from '../../support/tls.ts';
import { onStage, Recorder, receiveAll, until } from '../../support/transports.ts';

const REAL: LoopOptions = { clock: 'real' };
const CPYTHON = 'test_sendfile.py::SendfileMixin::';

const directory = mkdtempSync(join(tmpdir(), 'asyncio-ts-sendfile-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

/** No two parts of it are alike. */
const DATA = Buffer.alloc(600_000);
for (let at = 0; at < DATA.length; at += 4) DATA.writeUInt32LE(at, at);
const FILE = join(directory, 'data');
writeFileSync(FILE, DATA);

/** Of more bytes than a connection takes that nobody reads from. */
const MUCH = join(directory, 'much');
writeFileSync(MUCH, '');
truncateSync(MUCH, 64_000_000);

/** Has a file open as long as it is used. */
async function withFile<T>(path: string, use: (file: number) => Promise<T>): Promise<T> {
  const file = openSync(path, 'r');
  try {
    return await use(file);
  } finally {
    closeSync(file);
  }
}

/** The place of a file: what is read there says it. */
function placeOf(file: number): number {
  const word = Buffer.alloc(4);
  return readSync(file, word) === 0 ? DATA.length : word.readUInt32LE();
}

for (const { name, shown = name } of DRIVERS) {
  const native = shown === 'posix';

  loopBehaviour(`loop.sendfile on ${name}`, (it) => {
    it(
      'sends a file between earlier and later writes',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          const receiving = loop.createTask(() => receiveAll(loop, peer));
          const [before, after] = [Buffer.alloc(8000, 'before '), Buffer.alloc(8000, 'after ')];
          transport.write(before);

          await withFile(FILE, async (file) => {
            assert.is(await loop.sendfile(transport, file), DATA.length);
            assert.is(placeOf(file), DATA.length);
          });
          transport.write(after);
          transport.close();

          assert.ok(Buffer.concat([before, DATA, after]).equals(await receiving));
        });
      },
      {
        ...REAL,
        cpython: [
          `${CPYTHON}test_sendfile`,
          `${CPYTHON}test_sendfile_pre_and_post_data`,
          ...(native ? [] : [`${CPYTHON}test_sendfile_force_fallback`]),
        ],
      },
    );

    it(
      'sends part of a file, and leaves its position after that part',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          await withFile(FILE, async (file) => {
            assert.is(await loop.sendfile(transport, file, 1000, 100), 100);
            assert.is(placeOf(file), 1100);
          });
          transport.close();

          assert.ok(DATA.subarray(1000, 1100).equals(await receiveAll(loop, peer)));
        });
      },
      { ...REAL, cpython: [`${CPYTHON}test_sendfile_partial`] },
    );

    it(
      'resumes reading afterwards, and not before',
      async (loop) => {
        const protocol = new Recorder(loop);
        await onStage(loop, name, protocol, async ({ transport, peer }) => {
          await withFile(FILE, async (file) => {
            const sending = loop.createTask(loop.sendfile(transport, file));
            await asyncio.sleep(0);
            assert.not(transport.isReading());
            await loop.sockSendall(peer, Buffer.from('news'));
            const receiving = loop.createTask(() => receiveAll(loop, peer, DATA.length));
            await sending;
            await receiving;
          });

          await until(loop, () => protocol.received.length > 0);
          assert.ok(transport.isReading());
          assert.is(transport.getProtocol(), protocol);
          assert.is(String(protocol.received[0]), 'news');
        });
      },
      REAL,
    );

    it(
      'fails when the peer disconnects midway',
      async (loop) => {
        const protocol = new Recorder(loop);
        await onStage(loop, name, protocol, async ({ transport, peer }) => {
          await withFile(MUCH, async (file) => {
            const sending = loop.createTask(loop.sendfile(transport, file));
            await loop.sockRecv(peer, 1024);
            peer.close();

            await rejects(sending, asyncio.ConnectionError);
          });
          await protocol.lost;
          assert.ok(transport.isClosing());
        });
      },
      {
        ...REAL,
        cpython: [
          `${CPYTHON}test_sendfile_close_peer_in_the_middle_of_receiving`,
          ...(native
            ? []
            : [`${CPYTHON}test_sendfile_fallback_close_peer_in_the_middle_of_receiving`]),
        ],
      },
    );

    it(
      'succeeds when the peer disconnects after the last byte',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          const receiving = loop.createTask(async () => {
            const received = await receiveAll(loop, peer, DATA.length);
            peer.close();
            return received;
          });

          const sent = await withFile(FILE, async (file) => await loop.sendfile(transport, file));

          assert.is(sent, DATA.length);
          assert.ok(DATA.equals(await receiving));
        });
      },
      { ...REAL, cpython: [`${CPYTHON}test_sendfile_close_peer_after_receiving`] },
    );

    for (const how of native ? (['abort', 'close'] as const) : (['abort'] as const))
      it(
        `fails when the transport is ${how === 'abort' ? 'aborted' : 'closed'} meanwhile`,
        async (loop) => {
          const protocol = new Recorder(loop);
          await onStage(loop, name, protocol, async ({ transport, peer }) => {
            await withFile(MUCH, async (file) => {
              const sending = loop.createTask(loop.sendfile(transport, file));
              await loop.sockRecv(peer, 1024);
              await asyncio.sleep(0.01);

              transport[how]();

              await rejects(sending, asyncio.ConnectionError);
            });
            assert.is(await protocol.lost, undefined);
          });
        },
        REAL,
      );

    it(
      'releases everything when it is cancelled',
      async (loop) => {
        const protocol = new Recorder(loop);
        await onStage(loop, name, protocol, async ({ transport, peer }) => {
          await withFile(MUCH, async (file) => {
            const sending = loop.createTask(loop.sendfile(transport, file));
            await loop.sockRecv(peer, 1024);
            sending.cancel();
            await rejects(sending, asyncio.CancelledError);
          });
          assert.is(transport.getProtocol(), protocol);
          assert.ok(transport.isReading());
          const receiving = loop.createTask(() => receiveAll(loop, peer));
          transport.write(Buffer.from('the last words'));
          transport.close();

          assert.is(String((await receiving).subarray(-14)), 'the last words');
        });
      },
      REAL,
    );

    if (native)
      it(
        'refuses writes meanwhile',
        async (loop) => {
          await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
            const receiving = loop.createTask(() => receiveAll(loop, peer, DATA.length));
            await withFile(FILE, async (file) => {
              const sending = loop.createTask(loop.sendfile(transport, file));
              await asyncio.sleep(0);

              const text = 'unable to write; sendfile is in progress';
              assert.throws(
                () => transport.write(Buffer.from('data')),
                (error: Error) => error instanceof asyncio.RuntimeError && error.message === text,
              );
              await rejects(loop.sendfile(transport, file), asyncio.RuntimeError);
              await sending;
            });
            assert.ok(DATA.equals(await receiving));
          });
        },
        { ...REAL, cpython: [`${CPYTHON}test_sendfile_prevents_bare_write`] },
      );
    else
      it(
        'fails without a fallback if the system does not support it',
        async (loop) => {
          await onStage(loop, name, new Recorder(loop), async ({ transport }) => {
            await withFile(FILE, async (file) => {
              await rejects(
                loop.sendfile(transport, file, 0, undefined, { fallback: false }),
                asyncio.SendfileNotAvailableError,
                { message: /not available/ },
              );
              assert.is(placeOf(file), 0);
            });
            assert.ok(transport.isReading());
          });
        },
        { ...REAL, cpython: [`${CPYTHON}test_sendfile_force_unsupported_native`] },
      );
  });

  loopBehaviour(`loop.sendfile with an offset on ${name}`, (it) => {
    for (const offset of [0, DATA.length / 2, DATA.length])
      it(
        `sends everything from byte ${offset}`,
        async (loop) => {
          await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
            const receiving = loop.createTask(() => receiveAll(loop, peer, DATA.length - offset));
            await withFile(FILE, async (file) => {
              readSync(file, Buffer.alloc(123));

              assert.is(await loop.sendfile(transport, file, offset), DATA.length - offset);

              assert.is(placeOf(file), DATA.length);
            });

            assert.ok(DATA.subarray(offset).equals(await receiving));
          });
        },
        { ...REAL, cpython: ['test_sendfile.py::SockSendfileMixin::test_sendfile_offset'] },
      );
  });

  loopBehaviour(`loop.sendfile with TLS on ${name}`, (it) => {
    const size = ({ received }: Recorder): number =>
      received.reduce((sum, { length }) => sum + length, 0);

    it(
      'reads the file, encrypts it, and sends it between other writes',
      async (loop) => {
        const [client, server] = [new Recorder(loop), new Recorder(loop)];
        await securely(loop, name, client, server, async (transport) => {
          const [before, after] = [Buffer.alloc(8000, 'before '), Buffer.alloc(8000, 'after ')];
          transport.write(before);
          await withFile(FILE, async (file) => {
            assert.is(await loop.sendfile(transport, file), DATA.length);
          });
          transport.write(after);
          transport.close();
          await server.lost;

          assert.ok(Buffer.concat([before, DATA, after]).equals(Buffer.concat(server.received)));
          assert.is(transport.getProtocol(), undefined);
        });
      },
      {
        ...REAL,
        cpython: [`${CPYTHON}test_sendfile_ssl`, `${CPYTHON}test_sendfile_ssl_pre_and_post_data`],
      },
    );

    it(
      'sends a file whose reader closes after the last byte',
      async (loop) => {
        class Leaves extends Recorder {
          #left = DATA.length;
          override dataReceived(data: Uint8Array): void {
            super.dataReceived(data);
            this.#left -= data.length;
            if (this.#left === 0) this.transport?.close();
          }
        }
        const [client, server] = [new Recorder(loop), new Leaves(loop)];
        await securely(loop, name, client, server, async (transport) => {
          await withFile(FILE, async (file) => {
            assert.is(await loop.sendfile(transport, file), DATA.length);
            assert.is(placeOf(file), DATA.length);
          });
          assert.is(await server.lost, undefined);

          assert.ok(DATA.equals(Buffer.concat(server.received)));
          await client.lost;
        });
      },
      { ...REAL, cpython: [`${CPYTHON}test_sendfile_ssl_close_peer_after_receiving`] },
    );

    it(
      'sends part of a file',
      async (loop) => {
        const [client, server] = [new Recorder(loop), new Recorder(loop)];
        await securely(loop, name, client, server, async (transport) => {
          await withFile(FILE, async (file) => {
            assert.is(await loop.sendfile(transport, file, 1000, 100), 100);
          });
          await until(loop, () => size(server) === 100);

          assert.ok(DATA.subarray(1000, 1100).equals(Buffer.concat(server.received)));
        });
      },
      { ...REAL, cpython: [`${CPYTHON}test_sendfile_ssl_partial`] },
    );

    it(
      'cannot use the system call',
      async (loop) => {
        const [client, server] = [new Recorder(loop), new Recorder(loop)];
        await securely(loop, name, client, server, async (transport) => {
          await rejects(
            loop.sendfile(transport, -1, 0, undefined, { fallback: false }),
            asyncio.RuntimeError,
            {
              message: /^fallback is disabled and native sendfile is not supported for transport </,
            },
          );
        });
      },
      { ...REAL, cpython: [`${CPYTHON}test_sendfile_no_fallback_for_fallback_transport`] },
    );
  });
}

loopBehaviour('loop.sendfile', (it) => {
  it(
    'refuses a datagram transport',
    async (loop) => {
      const [transport] = await loop.createDatagramEndpoint(() => new asyncio.DatagramProtocol(), {
        localAddr: ['127.0.0.1', 0],
      });

      await rejects(loop.sendfile(transport as never, 0), asyncio.RuntimeError, {
        message: /^sendfile is not supported for transport </,
      });

      transport.close();
      await asyncio.sleep(0);
    },
    { cpython: [`${CPYTHON}test_sendfile_not_supported`] },
  );

  it(
    'refuses a closing transport',
    async (loop) => {
      await onStage(loop, 'memory', new Recorder(loop), async ({ transport }) => {
        transport.close();

        await rejects(loop.sendfile(transport, 0), asyncio.RuntimeError, {
          message: 'Transport is closing',
        });
      });
    },
    { cpython: [`${CPYTHON}test_sendfile_for_closing_transp`] },
  );

  it('refuses invalid files and numbers', async (loop) => {
    await onStage(loop, 'memory', new Recorder(loop), async ({ transport }) => {
      await rejects(loop.sendfile(transport, 'x' as never), TypeError);
      await rejects(loop.sendfile(transport, 0, -1), RangeError);
      await rejects(loop.sendfile(transport, 0, 0, 0), RangeError);
    });
  });
});
