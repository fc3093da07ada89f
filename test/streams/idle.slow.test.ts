/** `idleTimeout` spares whoever is slow, as long as anything flows. */
import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import { SHUT_WR, type Socket } from '../../src/socket.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { serving } from '../support/streams.ts';
import { CLIENT, SERVER } from '../support/tls.ts';
import { socketsOn } from '../support/transports.ts';

const REAL = { clock: 'real' } as const;
const PIECE = Buffer.alloc(400_000, 'refilled again and again ');
const PIECES = 49;
const SECURE = { ssl: CLIENT, serverHostname: 'localhost' };

const flood: asyncio.ClientConnected = async (_reader, writer) => {
  for (let n = 0; n < PIECES; n += 1) {
    writer.write(PIECE);
    await writer.drain();
  }
};

for (const { name } of DRIVERS)
  loopBehaviour(`idleTimeout on ${name}`, (it) => {
    it(
      'spares a client that never pauses for more than 49 ms',
      async (loop) => {
        await serving(
          loop,
          name,
          flood,
          async ({ connectSocket }) => {
            const sock = await connectSocket();
            let size = 0;
            for (let n = 0; ; n += 1) {
              const { length } = await loop.sockRecv(sock, 262_144);
              if (length === 0) break;
              size += length;
              await asyncio.sleep((n % 50) / 1000);
            }
            assert.is(size, PIECES * PIECE.length);
            sock.close();
          },
          { idleTimeout: 0.3 },
        );
      },
      REAL,
    );

    for (const starts of [false, true])
      it(
        `spares one that sends a TLS record little by little${starts ? ', after startTls' : ''}`,
        async (loop) => {
          const received = loop.createFuture<number>();
          const handler: asyncio.ClientConnected = async (reader, writer) => {
            if (starts) await writer.startTls(SERVER);
            received.setResult((await reader.read(1000)).length);
          };
          await serving(
            loop,
            name,
            handler,
            async ({ connectSocket }) => {
              const far = await connectSocket();
              const [sock, near] = await socketsOn(loop, name);
              const speed = { pause: 0 };
              const carrying = [carry(loop, near, far, speed), carry(loop, far, near)];
              const [, writer] = await asyncio.openConnection(undefined, undefined, {
                ...(!starts && SECURE),
                sock,
              });
              if (starts) await writer.startTls(CLIENT, { serverHostname: 'localhost' });

              speed.pause = 0.1;
              writer.write(Buffer.alloc(100));

              assert.is(await received, 100);
              speed.pause = 0;
              writer.close();
              await writer.waitClosed();
              await Promise.all(carrying);
              for (const each of [near, far]) each.close();
            },
            { idleTimeout: 0.5, ...(!starts && { ssl: SERVER }) },
          );
        },
        REAL,
      );
  });

/** Carries what comes from one socket to another one; once there is a pause, a few bytes at a time. */
async function carry(
  loop: asyncio.Loop,
  from: Socket,
  to: Socket,
  speed = { pause: 0 },
): Promise<void> {
  try {
    for (;;) {
      const data = await loop.sockRecv(from, 65_536);
      if (data.length === 0) break;
      const step = speed.pause > 0 ? 12 : data.length;
      for (let at = 0; at < data.length; at += step) {
        if (speed.pause > 0) await asyncio.sleep(speed.pause);
        await loop.sockSendall(to, data.subarray(at, at + step));
      }
    }
    to.shutdown(SHUT_WR);
  } catch (error) {
    if (!(error instanceof asyncio.OSError)) throw error;
  }
}
