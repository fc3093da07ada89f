import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import * as assert from 'uvu/assert';
import { leave } from '../../bench/leavers.ts';
import { behaviour } from '../support/behaviour.ts';

behaviour('leave', (it) => {
  it('connects as many clients as asked for, and each leaves in its way', async () => {
    const seen = { connections: 0, ends: 0, resets: 0 };
    const server = createServer((socket) => {
      seen.connections += 1;
      socket.on('end', () => {
        seen.ends += 1;
      });
      socket.on('error', () => {
        seen.resets += 1;
      });
      socket.pipe(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    await leave((server.address() as AddressInfo).port, 60);
    server.close();
    await once(server, 'close');

    assert.is(seen.connections, 60);
    // Two of the six ways always end well, and two never do.
    assert.ok(seen.ends >= 20, `${seen.ends} ends`);
    assert.ok(seen.resets >= 20, `${seen.resets} resets`);
  });

  it('fails if a server does not send a message back', async () => {
    const server = createServer((socket) => socket.end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    const left = leave((server.address() as AddressInfo).port, 1);

    await left.then(
      () => assert.unreachable(),
      (error) => assert.is(error.message, 'the server closed a connection'),
    );
    server.close();
  });
});
