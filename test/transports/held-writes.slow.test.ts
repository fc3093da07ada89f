/** Small writes arrive though the process exits in their turn. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { runFile } from '../support/child.ts';
import { DRIVERS } from '../support/drivers.ts';
import { CERT, SERVER } from '../support/tls.ts';

for (const { name, real } of DRIVERS)
  if (real)
    behaviour(`process.exit() on ${name}`, (it) => {
      for (const secure of [false, true])
        for (const when of ['exit', 'stop'])
          it(`sends small writes ${secure ? 'with TLS ' : ''}${when === 'stop' ? 'after the loop has stopped' : 'in the same turn'}`, async () => {
            let received = '';
            const take = (data: Buffer): void => {
              received += data;
            };
            // A client that has not read the tickets of TLS 1.3 resets the connection at its exit.
            const options = { ...SERVER, maxVersion: 'TLSv1.2' } as const;
            const server: Server = secure ? createTlsServer(options) : createServer();
            server.on(secure ? 'secureConnection' : 'connection', (socket) => {
              socket.on('data', take).on('error', () => {});
            });
            server.listen(0, '127.0.0.1');
            await once(server, 'listening');
            const { port } = server.address() as AddressInfo;
            const env = { DRIVER: name, PORT: String(port), AFTER: when };

            const { stderr, status } = await runFile('test/transports/children/exits.ts', {
              env: secure ? { ...env, CERT } : env,
            });
            server.close();
            await once(server, 'close');

            assert.is(stderr, '');
            assert.is(status, 0);
            assert.is(received, 'small'.repeat(3));
          });
    });
