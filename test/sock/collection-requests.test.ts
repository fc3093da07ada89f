import * as assert from 'uvu/assert';
import { onCollectionRequest, onManyBuffers } from '../../src/base/collection-requests.ts';
import * as asyncio from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { behaviour } from '../support/behaviour.ts';
import { connectedPair, DRIVERS, freshAddress, stream } from '../support/drivers.ts';

/** The ways in which a client leaves. */
const WAYS: Readonly<Record<string, (client: socket.Socket) => void>> = {
  closes: (client) => client.close(),
  'has finished sending, and stays': (client) => client.shutdown(socket.SHUT_WR),
  'closes with bytes unread, which resets the connection': (client) => client.close(),
};

for (const { name } of DRIVERS)
  behaviour(`A client that leaves (${name})`, (it) => {
    for (const [way, leave] of Object.entries(WAYS))
      it(`requests no garbage collection if it ${way}`, async () => {
        let told = 0;
        const stop = onCollectionRequest(() => {
          told += 1;
        });
        try {
          await asyncio.run(async () => {
            const loop = asyncio.getRunningLoop();
            using listener = stream(name);
            listener.bind(freshAddress(socket.AF_INET) as socket.Address);
            listener.listen();
            using client = stream(name);
            await loop.sockConnect(client, listener.getsockname() as socket.Address);
            const [accepted] = await loop.sockAccept(listener);
            using connection = accepted;
            if (way.includes('unread')) await loop.sockSendall(connection, Buffer.from('unread'));

            leave(client);
            // The end, or that the peer has reset the connection.
            await loop.sockRecv(connection, 100).catch(() => {});
            await asyncio.sleep(0);
          });
        } finally {
          stop();
        }
        assert.is(told, 0);
      });
  });

/** More than is received before a young collection is requested. */
const MUCH = 17 * 1024 * 1024;

for (const { name } of DRIVERS.filter(({ real }) => real))
  behaviour(`Large messages (${name})`, (it) => {
    it('request a young collection, which V8 would not start for buffers', async () => {
      let told = 0;
      onManyBuffers(() => {
        told += 1;
      });
      const received = await asyncio.run(async () => {
        const loop = asyncio.getRunningLoop();
        const pair = await connectedPair(name);
        const message = Buffer.alloc(MUCH);
        const [, nbytes] = await asyncio.gather(
          loop.sockSendall(pair.client, message),
          receiveAll(loop, pair.server, MUCH),
        );
        pair.close();
        return nbytes;
      });
      assert.is(received, MUCH);
      assert.ok(told >= 1);
    });
  });

const receiveAll = asyncio.coroutine(
  async (loop: asyncio.Loop, sock: socket.Socket, nbytes: number): Promise<number> => {
    let received = 0;
    while (received < nbytes) received += (await loop.sockRecv(sock, 65_536)).length;
    return received;
  },
);
