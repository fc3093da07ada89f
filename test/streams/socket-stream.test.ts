/** What Node's sockets have besides a stream's methods, on connections of ours. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { serving } from '../support/streams.ts';
import { throws } from '../support/throws.ts';
import { CLIENT, SERVER } from '../support/tls.ts';

const REAL = { clock: 'real' } as const;

const echo: asyncio.ClientConnected = async (reader, writer) => {
  for (let data = await reader.read(100); data.length > 0; data = await reader.read(100))
    writer.write(data);
  writer.close();
};

function event(emitter: Socket, name: string): Promise<unknown[]> {
  return asyncio.wrapPromise(once(emitter, name)) as unknown as Promise<unknown[]>;
}

for (const { name, real } of DRIVERS)
  loopBehaviour(`toDuplex on ${name} as a socket`, (it) => {
    it(
      'has its addresses, its state and its byte counts',
      async (loop) => {
        await serving(loop, name, echo, async ({ connect, server }) => {
          const [at] = server.sockets;
          const port = at?.getsockname()[1];
          const duplex = asyncio.toDuplex(await connect());
          assert.is(duplex.remoteAddress, '127.0.0.1');
          assert.is(duplex.remotePort, port);
          assert.is(duplex.remoteFamily, 'IPv4');
          const { localAddress, localPort, localFamily } = duplex;
          assert.equal(duplex.address(), {
            address: localAddress,
            port: localPort,
            family: localFamily,
          });
          assert.equal(
            [duplex.connecting, duplex.pending, duplex.readyState],
            [false, false, 'open'],
          );
          assert.is((duplex as TLSSocket).encrypted, undefined);
          assert.is((duplex as TLSSocket).getPeerCertificate, undefined);

          void duplex.write('hello');
          assert.is(duplex.bytesWritten, 5);
          await event(duplex, 'data');
          assert.equal([duplex.bytesRead, duplex.bytesWritten], [5, 5]);

          // Node's own clients end with their peer.
          duplex.end();
          assert.is(duplex.readyState, 'readOnly');
          assert.equal(await event(duplex, 'close'), [false]);
          assert.is(duplex.readyState, 'closed');
        });
      },
      REAL,
    );

    it(
      'ends with its peer, even if nothing reads from it',
      async (loop) => {
        await serving(loop, name, echo, async ({ connect }) => {
          const duplex = asyncio.toDuplex(await connect());
          duplex.end();
          assert.equal(await event(duplex, 'close'), [false]);
        });
      },
      REAL,
    );

    it(
      'sends together what was written while it was corked',
      async (loop) => {
        await serving(loop, name, echo, async ({ connect }) => {
          const [reader, writer] = await connect();
          const written: string[] = [];
          const { write } = writer;
          writer.write = (data) => {
            written.push(String(data));
            write.call(writer, data);
          };
          const duplex = asyncio.toDuplex([reader, writer]);
          duplex.cork();
          duplex.write('head ');
          duplex.write(new Uint8Array([98, 111]));
          duplex.write('ZHk=', 'base64');
          duplex.uncork();
          let text = '';
          duplex.on('data', (piece) => {
            text += piece;
          });
          duplex.end();
          await event(duplex, 'close');
          assert.is(text, 'head body');
          assert.equal(written, ['head body']);
          assert.is(duplex.bytesWritten, 9);
        });
      },
      REAL,
    );

    it(
      "ends when its peer does, but only on the client's side",
      async (loop) => {
        const ends: asyncio.ClientConnected = async (...streams) => {
          const duplex = asyncio.toDuplex(streams);
          assert.is(duplex.allowHalfOpen, true);
          duplex.resume();
          await event(duplex, 'end');
          duplex.end('after your end');
          await event(duplex, 'close');
        };
        await serving(loop, name, ends, async ({ connect }) => {
          const duplex = asyncio.toDuplex(await connect());
          let text = '';
          duplex.on('data', (piece) => {
            text += piece;
          });
          duplex.end();
          await event(duplex, 'close');
          assert.is(text, 'after your end');
          assert.is(duplex.writable, false);
        });
      },
      REAL,
    );

    it(
      'sets options if the socket has them, and otherwise ignores them',
      async (loop) => {
        await serving(loop, name, echo, async ({ connect }) => {
          const streams = await connect();
          const sock = streams[1].getExtraInfo('socket');
          const duplex = asyncio.toDuplex(streams);
          const option = (level: number, number: number) => sock?.getsockopt(level, number);

          assert.is(duplex.setNoDelay(false), duplex);
          assert.is(duplex.setKeepAlive(true, 2500), duplex);
          if (real) {
            assert.is(option(socket.IPPROTO_TCP, socket.TCP_NODELAY), 0);
            assert.is(option(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 1);
            assert.is(option(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE), 2);
            duplex.setNoDelay().setKeepAlive();
            assert.is(option(socket.IPPROTO_TCP, socket.TCP_NODELAY), 1);
            assert.is(option(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 0);
          }

          assert.is(duplex.ref().unref(), duplex);
          duplex.destroy();
          await event(duplex, 'close');
          duplex.setNoDelay().setKeepAlive(true);
        });
      },
      REAL,
    );

    it(
      'resets the connection',
      async (loop) => {
        const end = loop.createFuture<unknown>();
        const waits: asyncio.ClientConnected = async (reader) => {
          end.setResult(await reader.read().then(String, (error) => error));
        };
        await serving(loop, name, waits, async ({ connect }) => {
          const duplex = asyncio.toDuplex(await connect());
          duplex.resetAndDestroy();
          assert.equal(await event(duplex, 'close'), [false]);
          assert.ok((await end) instanceof asyncio.ConnectionResetError);
        });
      },
      REAL,
    );

    it(
      'sends everything before destroySoon() destroys it',
      async (loop) => {
        const outcome = loop.createFuture<string>();
        let got = 0;
        const count: asyncio.ClientConnected = async (reader) => {
          const counting = async (): Promise<string> => {
            for (let data = await reader.read(65_536); data.length > 0; ) {
              got += data.length;
              data = await reader.read(65_536);
            }
            return 'the end';
          };
          outcome.setResult(await counting().catch(String));
        };
        await serving(loop, name, count, async ({ connect }) => {
          const duplex = asyncio.toDuplex(await connect());
          const close = event(duplex, 'close');
          void duplex.write(Buffer.alloc(1_000_000));
          duplex.destroySoon();
          const how = await outcome;
          const { writableFinished, destroyed } = duplex;
          const sender = inspect({
            writableFinished,
            destroyed,
            bytesWritten: duplex.bytesWritten,
          });
          assert.is(how, 'the end', `${got} bytes, then ${how}; the sender: ${sender}`);
          assert.is(got, 1_000_000, `${got} bytes, then the end; the sender: ${sender}`);
          await close;
        });
      },
      REAL,
    );

    it(
      'shows, with TLS, what Node’s TLS sockets show',
      async (loop) => {
        const secure = { ssl: CLIENT, serverHostname: 'localhost' };
        await serving(
          loop,
          name,
          echo,
          async ({ connect }) => {
            const duplex = asyncio.toDuplex(await connect(secure)) as TLSSocket;
            assert.equal([duplex.encrypted, duplex.authorized], [true, true]);
            assert.is(duplex.alpnProtocol, false);
            assert.match(String(duplex.getProtocol()), /^TLSv1/);
            assert.ok(duplex.getPeerCertificate().fingerprint256);
            assert.is(duplex.remoteAddress, '127.0.0.1');
            duplex.destroy();
            await event(duplex, 'close');
          },
          { ssl: SERVER },
        );
      },
      REAL,
    );
  });

loopBehaviour('toDuplex().setTimeout', (it) => {
  const waits: asyncio.ClientConnected = async (reader) => void (await reader.read());

  it("emits 'timeout' after a time without traffic, and again after more traffic", async (loop) => {
    await serving(loop, 'memory', echo, async ({ connect }) => {
      const duplex = asyncio.toDuplex(await connect());
      const at: number[] = [];
      const start = loop.time();
      duplex.on('data', () => {}).on('timeout', () => at.push(loop.time() - start));
      duplex.setTimeout(2000);
      assert.is(duplex.timeout, 2000);
      await asyncio.sleep(1);
      void duplex.write('x');
      await asyncio.sleep(5);
      assert.equal(at, [3]);
      void duplex.write('x');
      await asyncio.sleep(5);
      assert.equal(at, [3, 8]);
      assert.not(duplex.destroyed);
      duplex.destroy();
    });
  });

  it('calls back once, is cancelled by 0, and ends with the stream', async (loop) => {
    await serving(loop, 'memory', waits, async ({ connect }) => {
      const duplex = asyncio.toDuplex(await connect());
      let calls = 0;
      const call = (): void => {
        calls += 1;
      };
      duplex.setTimeout(1000, call);
      duplex.setTimeout(0, call);
      await asyncio.sleep(5);
      duplex.setTimeout(1000, call);
      await asyncio.sleep(5);
      duplex.setTimeout(1000);
      await asyncio.sleep(0.5);
      duplex.destroy();
      await asyncio.sleep(5);
      assert.is(calls, 1);
      assert.is(duplex.setTimeout(1000, call), duplex);
      await asyncio.sleep(5);
      assert.is(calls, 1);
    });
  });

  it('refuses anything but a time', async (loop) => {
    await serving(loop, 'memory', waits, async ({ connect }) => {
      const duplex = asyncio.toDuplex(await connect());
      throws(() => duplex.setTimeout('1' as never), TypeError);
      for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY])
        throws(() => duplex.setTimeout(wrong), RangeError);
      throws(() => duplex.setTimeout(1, 'x' as never), TypeError);
      duplex.destroy();
    });
  });

  it('has a connect() that fails because it is connected', async (loop) => {
    await serving(loop, 'memory', waits, async ({ connect }) => {
      const duplex = asyncio.toDuplex(await connect());
      let calls = 0;
      assert.is(
        duplex.connect(5432, 'somewhere', () => (calls += 1)),
        duplex,
      );
      assert.is(calls, 0);
      await event(duplex, 'ready');
      assert.is(calls, 1);
      duplex.destroy();
    });
  });
});
