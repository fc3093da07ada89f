import * as assert from 'uvu/assert';
import { ConnectionResetError, OSError } from '../../../../src/base/errors/os-errors.ts';
import * as socket from '../../../../src/socket.ts';
import { behaviour } from '../../../support/behaviour.ts';
import {
  accepted,
  connected,
  connectedPair,
  datagram,
  filled,
  listening,
  received,
  receivedAll,
  stream,
} from '../../../support/drivers.ts';
import { rejects } from '../../../support/rejects.ts';
import { throws } from '../../../support/throws.ts';

behaviour('the node driver', (it) => {
  it('leaves unread data in the kernel', async () => {
    const { client, server, close } = await connectedPair('node');
    assert.is(server._endpoint.tryRecv(1), undefined);

    // Until nothing moves any more: the reader's queue, and both of the kernel's, are full.
    let total = 0;
    for (let still = 0; still < 20; still += 1) {
      const more = filled(client);
      if (more > 0) still = 0;
      total += more;
      await new Promise(setImmediate);
    }

    assert.is((await receivedAll(server, total)).length, total);
    close();
  });

  it('keeps a connection that is reset during a send', async () => {
    const { client, server, close } = await connectedPair('node');
    filled(server);
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]));
    const told = new Promise<void>((resolve) => {
      server._endpoint.writer = { ready: () => resolve() };
    });

    client.close();
    await told;

    assert.ok(server.fileno() > 0);
    await rejects(received(server), ConnectionResetError);
    assert.is((await received(server)).length, 0);
    close();
  });

  it('connects from the address it was bound to', async () => {
    const listener = listening('node');
    const client = stream('node');
    client.bind(['127.0.0.1', 0]);
    const own = String(client.getsockname());

    await connected(client, listener.getsockname());
    const [server, address] = await accepted(listener);

    assert.is(String(address), own);
    for (const sock of [listener, client, server]) sock.close();
  });

  it('shares a port between both IP versions unless IPV6_V6ONLY is set', async () => {
    const both = stream('node', socket.AF_INET6);
    both.bind(['::', 0]);
    both.listen();
    const only6 = stream('node', socket.AF_INET6);
    only6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1);
    only6.bind(['::', 0]);
    only6.listen();
    const client = stream('node');

    await connected(client, ['127.0.0.1', both.getsockname()[1] as number]);
    const [server, address] = await accepted(both);

    assert.is(address[0], '::ffff:127.0.0.1');
    const refused = stream('node');
    await rejects(connected(refused, ['127.0.0.1', only6.getsockname()[1] as number]), Error, {
      code: 'ECONNREFUSED',
    });
    for (const sock of [both, only6, client, server, refused]) sock.close();
  });

  it('refuses what the kernel would when an option is set, and not when it takes effect', () => {
    const sock = datagram('node');

    for (const [option, value] of [
      [socket.IP_TTL, 0],
      [socket.IP_TTL, 256],
      [socket.IP_MULTICAST_TTL, 256],
    ] as const)
      throws(() => sock.setsockopt(socket.IPPROTO_IP, option, value), OSError, { code: 'EINVAL' });
    sock.bind(['127.0.0.1', 0]);
    sock.close();

    const bound = datagram('node', socket.AF_INET6);
    bound.bind(['::1', 0]);
    throws(() => bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1), OSError, {
      code: 'EINVAL',
    });
    bound.close();
  });

  it('can try to connect again after it was refused', async () => {
    const listener = listening('node');
    const gone = listening('node');
    const address = gone.getsockname();
    gone.close();
    const client = stream('node');

    await rejects(connected(client, address), Error, { code: 'ECONNREFUSED' });
    await connected(client, listener.getsockname());

    assert.is(String(client.getpeername()), String(listener.getsockname()));
    client.close();
    listener.close();
  });
});
