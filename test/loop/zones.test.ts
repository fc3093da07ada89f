import { networkInterfaces } from 'node:os';
import * as assert from 'uvu/assert';
import {
  DatagramProtocol,
  type DatagramTransport,
  type Loop,
  OSError,
  openConnection,
  Protocol,
  startServer,
  type TransportSocket,
} from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { DRIVERS, datagram, receivedFrom, stream } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const REAL = { clock: 'real' } as const;

/** An interface with a link-local address, if this machine has one. */
const [found] = Object.entries(networkInterfaces()).flatMap(([zone, addresses = []]) =>
  addresses.flatMap((each) =>
    each.family === 'IPv6' && each.scopeid
      ? [{ zone, host: each.address, scopeid: each.scopeid }]
      : [],
  ),
);
const NONE = 'no interface of this machine has a link-local address';

const ON_LINUX = process.platform === 'linux';

loopBehaviour('loop.createConnection to an address with a zone', (it) => {
  it(
    'connects to the address with the zone index',
    async (loop) => {
      let seen: unknown[] = [];
      loop.sockConnect = (async (sock: socket.Socket, address: unknown[]) => {
        seen = [sock.family, sock.type, ...address];
        throw new OSError('far enough');
      }) as never;

      await rejects(
        loop.createConnection(() => new Protocol(), 'fe80::1%1', 80),
        OSError,
        { message: 'far enough' },
      );

      assert.equal(seen, [socket.AF_INET6, socket.SOCK_STREAM, 'fe80::1', 80, 0, 1]);
    },
    {
      clock: 'real',
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_ipv6_scope',
      ],
    },
  );
});

for (const driver of DRIVERS) {
  if (!driver.real) continue;

  loopBehaviour(`Zones of addresses (${driver.name})`, (it) => {
    if (ON_LINUX)
      it('are passed to the system, by name and by number', async () => {
        for (const address of [
          ['fe80::abcd:1%lo', 9],
          ['fe80::abcd:1', 9, 0, 1],
        ] as socket.AddressInput[])
          for (const make of [stream, datagram]) {
            const sock = make(driver.name, socket.AF_INET6);

            // Without a zone it is EINVAL; with it, it is somebody else's.
            throws(() => sock.bind(address), OSError, { code: 'EADDRNOTAVAIL' });
            sock.close();
          }
      });

    it('are refused if they are unknown', async (loop) => {
      const sock = datagram(driver.name, socket.AF_INET6);

      for (const call of [
        () => sock.bind(['fe80::1%nope', 0]),
        () => sock.connect(['fe80::1%nope', 9]),
        () => sock.sendto(Buffer.from('x'), ['fe80::1%nope', 9]),
        () => loop.sockSendto(sock, Buffer.from('x'), ['fe80::1%nope', 9]),
      ])
        throws(call, socket.gaierror, { code: 'ENOTFOUND' });
      await rejects(loop.sockConnect(sock, ['fe80::1%nope', 9]), socket.gaierror, {
        code: 'ENOTFOUND',
      });
      throws(() => sock.bind(['fe80::1', 0, 0, 0xfffffff0]), OSError, { code: 'ENODEV' });
      sock.close();
    });

    if (found === undefined) {
      it.skip('connect and report both addresses with their scope', NONE);
      return;
    }
    const { zone, host, scopeid } = found;

    for (const [how, address] of [
      ['by name', [`${host}%${zone}`, 0]],
      ['by number', [host, 0, 0, scopeid]],
      ['by number in the text', [`${host}%${scopeid}`, 0]],
    ] as readonly [string, socket.AddressInput][])
      it(
        `connect and report both addresses with their scope, ${how}`,
        async (loop) => {
          const listener = stream(driver.name, socket.AF_INET6);
          listener.bind(address);
          listener.listen();
          const [, port] = listener.getsockname() as socket.Inet6Address;
          assert.is(String(listener.getsockname()), `('${host}', ${port}, 0, ${scopeid})`);
          const client = stream(driver.name, socket.AF_INET6);
          client.bind(address);
          const accepting = loop.sockAccept(listener);

          const [to, , ...rest] = address as socket.Inet6Address;
          await loop.sockConnect(client, [to, port, ...rest] as socket.AddressInput);

          const [server, peer] = await accepting;
          assert.is(String(peer), String(client.getsockname()));
          assert.is(String(client.getpeername()), String(listener.getsockname()));
          assert.is((client.getsockname() as socket.Inet6Address)[3], scopeid);
          for (const sock of [listener, client, server]) sock.close();
        },
        REAL,
      );

    it(
      'are sent with datagrams, and received with their senders',
      async (loop) => {
        const one = datagram(driver.name, socket.AF_INET6);
        const other = datagram(driver.name, socket.AF_INET6);
        for (const sock of [one, other]) sock.bind([`${host}%${zone}`, 0]);
        const [, port] = one.getsockname() as socket.Inet6Address;

        await loop.sockSendto(other, Buffer.from('x'), [`${host}%${zone}`, port]);

        const [, sender] = await receivedFrom(one);
        assert.is(String(sender), String(other.getsockname()));
        await loop.sockSendto(one, Buffer.from('back'), sender as socket.AddressInput);
        assert.is(String((await receivedFrom(other))[0]), 'back');
        one.close();
        other.close();
      },
      REAL,
    );
  });
}

loopBehaviour('Zones of hosts', (it) => {
  if (found === undefined) {
    it.skip('work for servers, connections, binding and sending', NONE);
    return;
  }
  const host = `${found.host}%${found.zone}`;

  it(
    'work for stream servers and connections, from a local address',
    async () => {
      const server = await startServer(
        async (_reader, writer) => {
          writer.write(Buffer.from(String(writer.getExtraInfo('peername'))));
          writer.close();
        },
        host,
        0,
      );
      const [listener] = server.sockets as readonly [TransportSocket];
      const [, port] = listener.getsockname() as socket.Inet6Address;

      const [reader, writer] = await openConnection(host, port, { localAddr: [host, 0] });

      assert.is(String(await reader.read()), String(writer.getExtraInfo('sockname')));
      writer.close();
      await writer.waitClosed();
      server.close();
      await server.waitClosed();
    },
    REAL,
  );

  it(
    'work for datagrams',
    async (loop) => {
      const [receiver, received] = await endpoint(loop, { localAddr: [host, 0] });
      const own = receiver.getExtraInfo('sockname') as socket.Inet6Address;
      const [named] = await endpoint(loop, { family: socket.AF_INET6 });
      const [connected] = await endpoint(loop, { remoteAddr: [host, own[1]] });

      named.sendto(Buffer.from('named'), [host, own[1]]);
      assert.is(await received(), 'named');
      connected.sendto(Buffer.from('connected'));
      assert.is(await received(), 'connected');

      for (const transport of [receiver, named, connected]) transport.abort();
    },
    REAL,
  );
});

async function endpoint(
  loop: Loop,
  options: Parameters<Loop['createDatagramEndpoint']>[1],
): Promise<[DatagramTransport, () => Promise<string>]> {
  const texts: string[] = [];
  let told = loop.createFuture<void>();
  class Collects extends DatagramProtocol {
    override datagramReceived(data: Uint8Array): void {
      texts.push(String(data));
      if (!told.done()) told.setResult();
    }

    override errorReceived(error: Error): void {
      told.setException(error);
    }
  }
  const [transport] = await loop.createDatagramEndpoint(() => new Collects(), options);
  const next = async (): Promise<string> => {
    if (texts.length === 0) await told;
    told = loop.createFuture<void>();
    return texts.shift() as string;
  };
  return [transport, next];
}
