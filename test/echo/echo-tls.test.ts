import { once } from 'node:events';
import { connect } from 'node:net';
import * as assert from 'uvu/assert';
import { serveEchoOnProtocols } from '../../src/echo/echo-protocol.ts';
import { listenOn } from '../../src/echo/echo-sock.ts';
import { serveEchoOnStreams } from '../../src/echo/echo-streams.ts';
import { CancelledError, createTask, wrapPromise } from '../../src/index.ts';
import { IPPROTO_TCP, TCP_NODELAY } from '../../src/socket.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour, settle } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { CERT, SERVER } from '../support/tls.ts';
import { converse, tlsClient } from '../support/tls-client.ts';
import { Recorder, until } from '../support/transports.ts';

const REAL = { clock: 'real' } as const;

for (const { name } of DRIVERS.filter(({ real }) => real)) {
  loopBehaviour(`A connection to an echo server (${name})`, (it) => {
    it(
      'sends writes immediately: with TLS an echo would wait until the tickets are acknowledged',
      async (loop) => {
        const sock = listenOn({
          host: '127.0.0.1',
          port: 0,
          driver: name,
          grace: 0,
          say: () => {},
        });
        const served = new Recorder(loop);
        const server = await loop.createServer(() => served, undefined, undefined, { sock });
        const [, port] = sock.getsockname() as readonly [string, number];

        const client = connect(port, '127.0.0.1');
        await until(loop, () => served.transport !== undefined);

        const connection = served.transport?.getExtraInfo('socket');
        assert.ok(connection?.getsockopt(IPPROTO_TCP, TCP_NODELAY));
        client.destroy();
        server.close();
        await served.lost;
      },
      REAL,
    );
  });

  for (const serve of [serveEchoOnStreams, serveEchoOnProtocols])
    loopBehaviour(`${serve.name} with ssl (${name})`, (it) => {
      it(
        "echoes what Node's own client sends, and stops",
        async (loop) => {
          const said: string[] = [];
          const options = { host: '127.0.0.1', port: 0, grace: 1, driver: name, ssl: SERVER };
          const server = createTask(serve({ ...options, say: (line) => said.push(line) }));
          while (said.length === 0) await settle(loop, 1);
          const port = Number(/, (\d+)/.exec(said[0] ?? '')?.[1]);
          // Says nothing: its handshake is not waited for.
          const silent = connect(port, '127.0.0.1');
          await wrapPromise(once(silent, 'connect'));

          const client = await wrapPromise(
            tlsClient(port, { ca: CERT, rejectUnauthorized: true, servername: 'localhost' }),
          );
          const data = Buffer.alloc(1_000_000, 'a million bytes ');
          assert.ok(data.equals(await wrapPromise(converse(client, data))));
          client.end();
          await wrapPromise(once(client, 'close'));
          server.cancel();
          await rejects(server, CancelledError);

          assert.match(String(said.at(-1)), /^1 connection, \d+ messages?, 1,000,000 bytes in /);
          silent.destroy();
        },
        REAL,
      );
    });
}
