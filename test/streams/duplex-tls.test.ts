/** `toDuplex()` on connections that cannot end one way alone: with TLS, on every driver. */
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { serving } from '../support/streams.ts';
import { CLIENT, SERVER } from '../support/tls.ts';

const REAL = { clock: 'real' } as const;
const DATA = Buffer.alloc(1_000_000, 'a million bytes ');
const SECURE = { ssl: CLIENT, serverHostname: 'localhost' };

for (const { name } of DRIVERS)
  loopBehaviour(`toDuplex with TLS on ${name}`, (it) => {
    it(
      'sends everything that was written before its end',
      async (loop) => {
        const received = loop.createFuture<Buffer>();
        const collect: asyncio.ClientConnected = async (reader) => {
          received.setResult(Buffer.from(await reader.read()));
        };
        await serving(
          loop,
          name,
          collect,
          async ({ connect }) => {
            const duplex = asyncio.toDuplex(await connect(SECURE));
            const closed = new Promise((resolve) => duplex.once('close', resolve));

            duplex.end(DATA);
            duplex.resume();

            assert.ok((await received).equals(DATA));
            await asyncio.wrapPromise(closed);
          },
          { ssl: SERVER },
        );
      },
      REAL,
    );

    it(
      'reads after its own end, and sends what was written before the peer’s end',
      async (loop) => {
        const echo: asyncio.ClientConnected = async (...streams) => {
          const duplex = asyncio.toDuplex(streams);
          await asyncio.wrapPromise(pipeline(duplex, duplex));
        };
        await serving(
          loop,
          name,
          echo,
          async ({ connect }) => {
            const duplex = asyncio.toDuplex(await connect(SECURE));
            const received: Buffer[] = [];
            duplex.end(DATA);

            for await (const piece of duplex) received.push(piece);

            assert.is(Buffer.concat(received).length, DATA.length);
            assert.ok(Buffer.concat(received).equals(DATA));
          },
          { ssl: SERVER },
        );
      },
      REAL,
    );

    it(
      'ends when the peer ends',
      async (loop) => {
        const greet: asyncio.ClientConnected = async (_reader, writer) => {
          writer.write(DATA);
          await writer.drain();
        };
        await serving(
          loop,
          name,
          greet,
          async ({ connect }) => {
            const duplex = asyncio.toDuplex(await connect(SECURE));
            const closed = new Promise((resolve) => duplex.once('close', resolve));
            let size = 0;

            for await (const piece of duplex) size += piece.length;

            assert.is(size, DATA.length);
            await asyncio.wrapPromise(closed);
            assert.is(duplex.errored, null);
          },
          { ssl: SERVER },
        );
      },
      REAL,
    );

    it(
      'carries Node’s HTTP client',
      async (loop) => {
        const answer: asyncio.ClientConnected = async (reader, writer) => {
          await reader.readuntil(Buffer.from('\r\n\r\n'));
          writer.write(Buffer.from('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nTest message'));
          await writer.drain();
        };
        await serving(
          loop,
          name,
          answer,
          async ({ connect }) => {
            const duplex = asyncio.toDuplex(await connect(SECURE));
            const closed = new Promise((resolve) => duplex.once('close', resolve));

            assert.is(await asyncio.wrapPromise(page(duplex)), 'Test message');

            await asyncio.wrapPromise(closed);
            assert.is(duplex.errored, null);
          },
          { ssl: SERVER },
        );
      },
      REAL,
    );
  });

/** Asks for a page on a connection. */
function page(duplex: Duplex): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ createConnection: (() => duplex) as never }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}
