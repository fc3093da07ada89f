/** `idleTimeout`: whom it cuts off, and whom it must not. */
import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { serving } from '../support/streams.ts';
import { CLIENT, SERVER } from '../support/tls.ts';
import { until } from '../support/transports.ts';

const PIECE = Buffer.alloc(400_000, 'refilled again and again ');
const LIMIT = { idleTimeout: 10 };

loopBehaviour('idleTimeout', (it) => {
  it('spares a client that reads slowly while the handler writes more', async (loop) => {
    const refill = async (_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) => {
      for (let n = 0; n < 10; n += 1) {
        writer.write(PIECE);
        await writer.drain();
      }
    };
    await serving(
      loop,
      'memory',
      refill,
      async ({ connect }) => {
        const [reader] = await connect({ limit: 1000 });
        let size = 0;
        for (;;) {
          await asyncio.sleep(4);
          const { length } = await reader.read(65_536);
          if (length === 0) break;
          size += length;
        }
        assert.is(size, 10 * PIECE.length);
        assert.ok(loop.time() > 100);
      },
      LIMIT,
    );
  });

  it('counts from when a read waits, not from when the timer last fired', async (loop) => {
    const compute: asyncio.ClientConnected = async (reader, writer) => {
      for (let n = 0; n < 5; n += 1) {
        await asyncio.sleep(9.9);
        writer.write(await reader.readexactly(1));
      }
    };
    await serving(
      loop,
      'memory',
      compute,
      async ({ connect }) => {
        const [reader, writer] = await connect();
        for (let n = 0; n < 5; n += 1) {
          await asyncio.sleep(13);
          writer.write(Buffer.from('x'));
          await reader.readexactly(1);
        }
        assert.is(String(await reader.read()), '');
      },
      LIMIT,
    );
  });

  it('spares a client that makes too little room for the system to report it', async (loop) => {
    const served = loop.createFuture<asyncio.StreamWriter>();
    const fill: asyncio.ClientConnected = async (reader, writer) => {
      served.setResult(writer);
      await reader.read();
    };
    await serving(
      loop,
      'memory',
      fill,
      async ({ connect }) => {
        await connect();
        const writer = await served;
        const { _sock: sock } = writer.getExtraInfo('socket') as asyncio.TransportSocket;
        let room = 0;
        // Takes what there is room for, and never says that there is some.
        sock._endpoint.trySend = (data, from) => {
          const nbytes = Math.min(room, data.length - from);
          room -= nbytes;
          return nbytes > 0 ? nbytes : -1;
        };
        writer.write(PIECE);
        for (let n = 0; n < 10; n += 1) {
          await asyncio.sleep(9);
          room += 1000;
        }
        assert.not(writer.isClosing());

        await asyncio.sleep(21);

        assert.ok(writer.isClosing());
      },
      LIMIT,
    );
  });

  it('cuts off a silent client, even if each read times out soon', async (loop) => {
    let rounds = 0;
    const poll: asyncio.ClientConnected = async (reader) => {
      for (;;) {
        rounds += 1;
        try {
          if ((await asyncio.waitFor(reader.read(10), 1)).length === 0) return;
        } catch (error) {
          if (!(error instanceof asyncio.TimeoutError)) throw error;
        }
      }
    };
    await serving(
      loop,
      'memory',
      poll,
      async ({ connect }) => {
        const [reader] = await connect();
        assert.is(String(await reader.read()), '');
        assert.ok(rounds >= 9 && rounds <= 12, String(rounds));
      },
      LIMIT,
    );
  });
});

for (const { name } of DRIVERS)
  loopBehaviour(`idleTimeout with TLS on ${name}`, (it) => {
    it(
      'cuts off a client that reads nothing, even after startTls',
      async (loop) => {
        let flooder: asyncio.StreamWriter | undefined;
        const flood: asyncio.ClientConnected = async (_reader, writer) => {
          await writer.startTls(SERVER);
          flooder = writer;
          for (; !writer.isClosing(); writer.write(PIECE)) await writer.drain().catch(() => {});
        };
        await serving(
          loop,
          name,
          flood,
          async ({ connect }) => {
            const [, writer] = await connect({ limit: 100 });
            await writer.startTls(CLIENT, { serverHostname: 'localhost' });
            await until(loop, () => flooder !== undefined);
            await flooder?.waitClosed().catch(() => {});
          },
          { idleTimeout: 0.2 },
        );
      },
      { clock: 'real' },
    );
  });
