import * as assert from 'uvu/assert';
import * as asyncio from '../../../src/index.ts';
import type * as socket from '../../../src/socket.ts';
import { DRIVERS } from '../../support/drivers.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { serving } from '../../support/streams.ts';
import { CLIENT, relay, SERVER, secureClient } from '../../support/tls.ts';
import { Recorder } from '../../support/transports.ts';

const REAL = { clock: 'real' } as const;

for (const { name } of DRIVERS)
  loopBehaviour(`TLS on ${name} over time`, (it) => {
    it(
      'carries ten megabytes to a slow reader, and buffers no more than the water marks allow',
      async (loop) => {
        const PIECE = Buffer.alloc(100_000, 'ten megabytes ');
        let most = 0;
        const send: asyncio.ClientConnected = async (_reader, writer) => {
          for (let n = 0; n < 100; n += 1) {
            writer.write(PIECE);
            most = Math.max(most, writer.transport.getWriteBufferSize());
            await writer.drain();
          }
        };
        await serving(
          loop,
          name,
          send,
          async ({ connect }) => {
            const [reader] = await connect({ ssl: CLIENT, serverHostname: 'localhost' });
            let received = 0;
            for (;;) {
              const piece = await reader.read(8000);
              if (piece.length === 0) break;
              received += piece.length;
              await asyncio.sleep(0);
            }

            assert.is(received, 10_000_000);
            assert.ok(most < 524_288 + 2 * PIECE.length, String(most));
          },
          { ssl: SERVER },
        );
      },
      { ...REAL, seconds: 20 },
    );

    it(
      'fails a handshake that ends at any of its bytes, and serves the next client',
      async (loop) => {
        const whole = await shakeOver(loop, name, Number.POSITIVE_INFINITY);
        assert.ok(whole > 300, String(whole));
        for (let limit = 1; limit < whole; limit += 1) await shakeOver(loop, name, limit);

        assert.is(await shakeOver(loop, name, Number.POSITIVE_INFINITY), whole);
      },
      { ...REAL, seconds: 60 },
    );
  });

/** Has a client and a server shake hands until the client has sent `limit` bytes; says how many it sent. */
async function shakeOver(
  loop: asyncio.Loop,
  driver: socket.DriverName,
  limit: number,
): Promise<number> {
  const [client, server] = [new Recorder(loop), new Recorder(loop)];
  const relayed = await relay(loop, driver, { ssl: SERVER, protocol: server, limit });
  const [near, far] = await Promise.allSettled([
    secureClient(loop, relayed.sock, client),
    relayed.answering,
  ]);
  const sent = relayed.sent();
  if (limit === Number.POSITIVE_INFINITY) {
    assert.equal([near.status, far.status], ['fulfilled', 'fulfilled']);
    (near as PromiseFulfilledResult<asyncio.Transport>).value.close();
    assert.equal([await client.lost, await server.lost], [undefined, undefined]);
  } else {
    // The client's last bytes end the handshake for it, and not for the server.
    assert.is(far.status, 'rejected', `after ${limit} bytes`);
    assert.ok((far as PromiseRejectedResult).reason instanceof asyncio.OSError);
    if (near.status === 'fulfilled') await client.lost;
    else assert.ok(near.reason instanceof asyncio.OSError);
    assert.equal(server.calls, []);
  }
  await relayed.close();
  return sent;
}
