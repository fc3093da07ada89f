import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import { DRIVERS, freshAddress, stream } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { serving } from '../support/streams.ts';
import { throws } from '../support/throws.ts';
import { CLIENT } from '../support/tls.ts';
import { Recorder, socketsOn } from '../support/transports.ts';

const REAL = { clock: 'real' } as const;

class Enough extends Error {}

for (const { name } of DRIVERS)
  loopBehaviour(`A signal on ${name}`, (it) => {
    it('interrupts a connection attempt, and closes its socket', async (loop) => {
      const ways: Record<string, (options: object) => PromiseLike<unknown>> = {
        openConnection: (options) => asyncio.openConnection(undefined, undefined, options),
        createConnection: (options) =>
          loop.createConnection(() => new Recorder(loop), undefined, undefined, options),
      };
      for (const connect of Object.values(ways)) {
        // Nobody answers the handshake.
        const [sock, peer] = await socketsOn(loop, name);
        const controller = new AbortController();
        const { signal } = controller;
        loop.callLater(1, () => controller.abort(new Enough('enough')));

        const making = connect({ ssl: CLIENT, serverHostname: 'localhost', sock, signal });
        await rejects(making, Enough, { message: 'enough' });
        await asyncio.sleep(0.01);

        assert.is(sock.fileno(), -1);
        assert.is(asyncio.currentTask()?.cancelling(), 0);
        peer.close();
      }
    });

    it(
      'does not affect an established connection',
      async (loop) => {
        const controller = new AbortController();
        const echo = async (reader: asyncio.StreamReader, writer: asyncio.StreamWriter) =>
          writer.write(await reader.readline());
        await serving(loop, name, echo, async ({ connectSocket }) => {
          const sock = await connectSocket();
          const { signal } = controller;
          const [reader, writer] = await asyncio.openConnection(undefined, undefined, {
            sock,
            signal,
          });
          controller.abort();

          writer.write(Buffer.from('still here\n'));

          assert.is(String(await reader.readline()), 'still here\n');
          writer.close();
        });
      },
      REAL,
    );

    it(
      'closes a server, but not its connections',
      async (loop) => {
        const controller = new AbortController();
        const { signal } = controller;
        const echo = async (reader: asyncio.StreamReader, writer: asyncio.StreamWriter) =>
          writer.write(await reader.readline());
        await serving(
          loop,
          name,
          echo,
          async ({ server, connect }) => {
            const [reader, writer] = await connect();
            writer.write(Buffer.from('still'));
            await asyncio.sleep(0.01);

            controller.abort();

            assert.not(server.isServing());
            assert.is(server.sockets.length, 0);
            writer.write(Buffer.from(' here\n'));
            assert.is(String(await reader.readline()), 'still here\n');
          },
          { signal },
        );
      },
      REAL,
    );

    it('prevents the creation of a server if it was aborted before', async () => {
      const sock = stream(name);
      sock.bind(freshAddress(sock.family));
      const signal = AbortSignal.abort(new Enough());

      const making = asyncio.startServer(() => {}, undefined, undefined, { sock, signal });

      await rejects(making, Enough);
      sock.close();
    });

    it('is refused if it is not a signal', async (loop) => {
      const signal = new AbortController() as unknown as AbortSignal;
      const wrong = { message: /must be an AbortSignal/ };
      const factory = (): asyncio.Protocol => new asyncio.Protocol();

      throws(() => loop.createConnection(factory, 'localhost', 1, { signal }), TypeError, wrong);
      throws(() => loop.createUnixConnection(factory, '/x', { signal }), TypeError, wrong);
      await rejects(loop.createServer(factory, 'localhost', 0, { signal }), TypeError, wrong);
    });
  });
