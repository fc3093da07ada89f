import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { serving } from '../support/streams.ts';

const REAL = { clock: 'real' } as const;
const DATA = Buffer.alloc(1_000_000, 'a million bytes ');

for (const { name } of DRIVERS)
  loopBehaviour(`toDuplex on ${name}`, (it) => {
    it(
      'carries what Node pipes through it, held back as the peer reads',
      async (loop) => {
        const echo: asyncio.ClientConnected = async (...streams) => {
          const duplex = asyncio.toDuplex(streams);
          await asyncio.wrapPromise(pipeline(duplex, duplex));
        };
        await serving(loop, name, echo, async ({ connect }) => {
          const duplex = asyncio.toDuplex(await connect());
          const received: Buffer[] = [];
          duplex.end(DATA);

          for await (const piece of duplex) received.push(piece);

          assert.ok(Buffer.concat(received).equals(DATA));
        });
      },
      REAL,
    );

    it(
      'is a web stream by Node’s own means',
      async (loop) => {
        const greet: asyncio.ClientConnected = async (_reader, writer) => {
          writer.write(Buffer.from('hello'));
          await writer.drain();
        };
        await serving(loop, name, greet, async ({ connect }) => {
          const { readable } = Duplex.toWeb(asyncio.toDuplex(await connect()));
          const { value } = await readable.getReader().read();

          assert.is(String(Buffer.from(value)), 'hello');
        });
      },
      REAL,
    );
  });

loopBehaviour('toDuplex', (it) => {
  it(
    'lets Node’s HTTP client speak over a connection of ours',
    async () => {
      const server = createServer((_request, response) => response.end('Test message'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const streams = await asyncio.openConnection('127.0.0.1', port);

      const page = await asyncio.wrapPromise(
        new Promise<string>((resolve, reject) => {
          const createConnection = (): Duplex => asyncio.toDuplex(streams);
          request({ createConnection: createConnection as never }, (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (piece) => {
              text += piece;
            });
            response.on('end', () => resolve(text));
          })
            .on('error', reject)
            .end();
        }),
      );

      assert.is(page, 'Test message');
      streams[1].close();
      await streams[1].waitClosed();
      server.close();
    },
    REAL,
  );
});
