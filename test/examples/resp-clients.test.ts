/** Redis' own clients on examples/resp. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import * as assert from 'uvu/assert';
import { serveResp } from '../../examples/resp/server.ts';
import { wrapPromise } from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

const REAL = { clock: 'real' } as const;

async function onServer(use: (port: number) => Promise<void>): Promise<void> {
  const server = await serveResp('127.0.0.1', 0);
  const [listener] = server.sockets;
  await wrapPromise(use(Number(listener?.getsockname()[1])));
  server.close();
  await server.waitClosed();
}

loopBehaviour('examples/resp', (it) => {
  for (const RESP of [2, 3] as const)
    it(
      `serves the package redis in version ${RESP} of the protocol`,
      async () => {
        await onServer(async (port) => {
          const client = createClient({ RESP, socket: { host: '127.0.0.1', port } });
          await client.connect();
          await client.set('answer', '42');
          assert.is(await client.get('answer'), '42');
          assert.is(await client.get('question'), null);
          assert.equal(await client.mGet(['question', 'answer']), [null, '42']);
          await client.close();
        });
      },
      REAL,
    );

  it(
    'serves the package ioredis',
    async () => {
      await onServer(async (port) => {
        const client = new Redis(port, '127.0.0.1');
        await client.set('answer', '42');
        assert.equal(await client.mget('question', 'answer'), [null, '42']);
        await client.quit();
      });
    },
    REAL,
  );

  it(
    'answers HELLO',
    async () => {
      await onServer(async (port) => {
        const client = new Redis(port, '127.0.0.1');
        const about = (await client.call('HELLO')) as unknown[];
        assert.equal(about.slice(0, 2), ['server', 'redis']);
        assert.is(about[about.indexOf('proto') + 1], 2);
        const refused = String(await client.call('HELLO', '4').catch(String));
        assert.match(refused, /NOPROTO unsupported protocol version/);
        await client.quit();
      });
    },
    REAL,
  );
});
