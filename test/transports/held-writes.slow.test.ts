/** Small writes arrive though the process exits in their turn. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { runFile } from '../support/child.ts';
import { DRIVERS, freshPath } from '../support/drivers.ts';
import { CERT, SERVER } from '../support/tls.ts';

/** What is sent through, and where. */
const WAYS = [
  ['', undefined, { port: 0, host: '127.0.0.1' }],
  ['with TLS 1.2 ', 'TLSv1.2', { port: 0, host: '127.0.0.1' }],
  // A client that has not read the tickets of TLS 1.3 resets the connection at its exit. Over TCP that may
  // take from the peer what it has not read yet; over AF_UNIX it does not.
  ['with TLS 1.3 ', 'TLSv1.3', { path: '' }],
] as const;

for (const { name, real } of DRIVERS)
  if (real)
    behaviour(`process.exit() on ${name}`, (it) => {
      for (const [how, maxVersion, place] of WAYS)
        for (const when of ['exit', 'stop'])
          it(`sends small writes ${how}${when === 'stop' ? 'after the loop has stopped' : 'in the same turn'}`, async () => {
            let received = '';
            const take = (data: Buffer): void => {
              received += data;
            };
            const server: Server = maxVersion
              ? createTlsServer({ ...SERVER, maxVersion })
              : createServer();
            server.on(maxVersion ? 'secureConnection' : 'connection', (socket) => {
              socket.on('data', take).on('error', () => {});
            });
            server.listen('path' in place ? { path: freshPath() } : place);
            await once(server, 'listening');
            const address = server.address() as AddressInfo | string;
            const env = {
              DRIVER: name,
              ADDRESS: JSON.stringify(
                typeof address === 'string' ? address : ['127.0.0.1', address.port],
              ),
              AFTER: when,
            };

            const { stderr, status } = await runFile('test/transports/children/exits.ts', {
              env: maxVersion ? { ...env, CERT } : env,
            });
            server.close();
            await once(server, 'close');

            assert.is(stderr, '');
            assert.is(status, 0);
            assert.is(received, 'small'.repeat(3));
          });
    });
