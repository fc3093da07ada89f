import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import { DRIVERS } from '../support/drivers.ts';
import { duplexPair } from '../support/duplex-pair.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { serving } from '../support/streams.ts';
import { throws } from '../support/throws.ts';
import { Recorder, until } from '../support/transports.ts';

const REAL = { clock: 'real' } as const;
const DATA = Buffer.alloc(1_000_000, 'a million bytes ');

for (const { name } of DRIVERS)
  loopBehaviour(`toDuplex on ${name}`, (it) => {
    it(
      'carries what Node pipes through it, as fast as the peer reads',
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
      'can be converted to a web stream by Node',
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
  it('refuses a reader without its writer', async () => {
    throws(() => asyncio.toDuplex(new asyncio.StreamReader() as never), TypeError, {
      message: /^streams must be \[reader, writer\], got <StreamReader/,
    });
    throws(() => asyncio.toDuplex([] as never), TypeError, {
      message: 'streams must be [reader, writer], got []',
    });
  });

  it(
    'lets Node’s HTTP client use a connection of this library',
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

loopBehaviour('fromDuplex', (it) => {
  it(
    'reads and writes as on a connection, until both have ended',
    async () => {
      const [near, far] = duplexPair();
      const [reader, writer] = await asyncio.fromDuplex(near);
      far.write('a line\nanother ');
      assert.is(String(await reader.readline()), 'a line\n');

      writer.write(Buffer.from('an answer'));
      await writer.drain();
      writer.writeEof();
      const answer: Buffer[] = [];
      far.on('data', (piece) => answer.push(piece));
      await asyncio.wrapPromise(once(far, 'end'));
      far.end('one');

      assert.is(String(Buffer.concat(answer)), 'an answer');
      assert.is(String(await reader.read()), 'another one');
      writer.close();
      await writer.waitClosed();
      assert.ok(near.destroyed);
    },
    REAL,
  );

  it(
    'carries a million bytes each way between two of them, as fast as the reader reads',
    async () => {
      const [near, far] = duplexPair();
      const [[reader, writer], [other, back]] = [
        await asyncio.fromDuplex(near),
        await asyncio.fromDuplex(far),
      ];
      let most = 0;
      const sending = asyncio.createTask(async () => {
        for (let from = 0; from < DATA.length; from += 10_000) {
          writer.write(DATA.subarray(from, from + 10_000));
          await writer.drain();
          most = Math.max(most, writer.transport.getWriteBufferSize());
        }
        writer.writeEof();
      });
      for (let n = 0; n < 50; n += 1) await asyncio.sleep(0);
      assert.not(sending.done());

      const received = await other.read();
      await sending;

      assert.ok(DATA.equals(received));
      assert.ok(most <= 65_536 + 10_000, String(most));
      back.close();
      await back.waitClosed();
      assert.is((await reader.read()).length, 0);
      writer.close();
      await writer.waitClosed();
    },
    REAL,
  );

  it(
    'accepts streams, and web streams that Node has converted',
    async (loop) => {
      const echo: asyncio.ClientConnected = async (reader, writer) => {
        writer.write(await reader.readline());
        await writer.drain();
      };
      await serving(loop, 'memory', echo, async ({ connect }) => {
        const web = Duplex.toWeb(asyncio.toDuplex(await connect()));
        const [reader, writer] = await asyncio.fromDuplex(Duplex.fromWeb(web));
        writer.write(Buffer.from('there and back\n'));

        assert.is(String(await reader.readline()), 'there and back\n');
        // Node's web streams of a Duplex end when both of its sides have.
        writer.writeEof();
        assert.is((await reader.read()).length, 0);
        writer.close();
        await writer.waitClosed();
      });
    },
    REAL,
  );

  it(
    'fails when its stream does',
    async () => {
      const [near] = duplexPair();
      const [reader, writer] = await asyncio.fromDuplex(near);

      near.destroy(Object.assign(new Error('gone'), { code: 'EPIPE' }));

      await rejects(reader.read(), asyncio.BrokenPipeError);
      await rejects(writer.waitClosed(), asyncio.BrokenPipeError);
    },
    REAL,
  );

  it('refuses anything but a stream of bytes', async () => {
    await rejects(asyncio.fromDuplex('x' as never), TypeError, { message: /got 'x'$/ });
    const objects = new PassThrough({ objectMode: true });
    await rejects(asyncio.fromDuplex(objects), TypeError, { message: /got one in object mode$/ });
    const gone = new PassThrough();
    gone.destroy();
    await rejects(asyncio.fromDuplex(gone), RangeError, { message: /destroyed/ });
    await rejects(asyncio.fromDuplex(new PassThrough(), { limit: 0 }), RangeError);
  });
});

loopBehaviour('connectDuplex', (it) => {
  it(
    'calls a protocol in turns of the loop, from connectionMade to connectionLost',
    async (loop) => {
      const [near, far] = duplexPair();
      const variable = new asyncio.ContextVar<string>('variable');
      variable.set('of the task');
      const seen: (string | undefined)[] = [];
      const recorder = Object.assign(new Recorder(loop), {
        eofReceived: () => void seen.push(variable.get()),
      });
      const [transport, protocol] = await asyncio.connectDuplex(() => recorder, near);
      assert.is(protocol, recorder);
      assert.is(protocol.transport, transport);

      far.end('hello');
      assert.is(await recorder.lost, undefined);

      assert.equal(recorder.calls, ['connectionMade', 'dataReceived hello', 'connectionLost']);
      assert.equal(seen, ['of the task']);
    },
    REAL,
  );

  it(
    'drops unsent data when it is aborted, and logs later writes',
    async (loop, { logged }) => {
      const [near, far] = duplexPair();
      const recorder = new Recorder(loop);
      const [transport] = await asyncio.connectDuplex(() => recorder, near);
      for (let n = 0; n < 20; n += 1) transport.write(DATA.subarray(0, 100_000));
      assert.ok(recorder.calls.includes('pauseWriting'));

      transport.abort();
      for (let n = 0; n < 5; n += 1) transport.write(DATA);

      assert.is(await recorder.lost, undefined);
      assert.is(transport.getWriteBufferSize(), 0);
      assert.equal(logged, ['socket.send() raised exception.\n']);
      far.destroy();
    },
    REAL,
  );

  it(
    'passes nothing on while it is paused',
    async (loop) => {
      const [near, far] = duplexPair();
      const recorder = new Recorder(loop);
      const [transport] = await asyncio.connectDuplex(() => recorder, near);
      transport.pauseReading();
      far.end('hello');
      for (let n = 0; n < 10; n += 1) await asyncio.sleep(0);
      assert.equal(recorder.calls, ['connectionMade']);

      transport.resumeReading();
      await until(loop, () => recorder.calls.length === 4);

      assert.equal(recorder.calls.slice(1, 3), ['dataReceived hello', 'eofReceived']);
    },
    REAL,
  );

  it(
    'reports anything but bytes, and a protocol that throws',
    async (loop, { expectReport }) => {
      const [near, far] = duplexPair();
      near.setEncoding('utf8');
      const recorder = new Recorder(loop);
      await asyncio.connectDuplex(() => recorder, near);
      expectReport(/^Fatal error on transport$/);
      far.write('hello');
      assert.match(
        String(await recorder.lost),
        /TypeError: the stream must emit bytes, got a string/,
      );

      const [other, its] = duplexPair();
      const thrower = Object.assign(new Recorder(loop), {
        dataReceived: (): void => {
          throw new Error('no');
        },
      });
      await asyncio.connectDuplex(() => thrower, other);
      expectReport(/^Fatal error: protocol\.dataReceived\(\) call failed\.$/);
      its.write('hello');
      assert.match(String(await thrower.lost), /no/);
    },
    REAL,
  );
});
