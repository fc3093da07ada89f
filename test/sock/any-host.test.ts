/** Sockets that are bound to no host or to any, or that connect to any: what their addresses are. */
import * as assert from 'uvu/assert';
import { OSError } from '../../src/base/errors/os-errors.ts';
import type { Address } from '../../src/socket.ts';
import * as socket from '../../src/socket.ts';
import { behaviour } from '../support/behaviour.ts';
import {
  accepted,
  attempt,
  connected,
  DRIVERS,
  datagram,
  received,
  receivedFrom,
  stream,
} from '../support/drivers.ts';
import { rejects } from '../support/rejects.ts';

const FAMILIES = [
  ['AF_INET', socket.AF_INET, '0.0.0.0', '127.0.0.1'],
  ['AF_INET6', socket.AF_INET6, '::', '::1'],
] as const;

const host = (address: Address): unknown => address[0];
const port = (sock: socket.Socket): number => sock.getsockname()[1] as number;

for (const { name } of DRIVERS)
  for (const [familyName, family, any, loopback] of FAMILIES)
    behaviour(`a socket of any host (${name}, ${familyName})`, (it) => {
      /** What a program does with a datagram socket before it uses it. */
      const BOUND: readonly (string | undefined)[] = [undefined, any, loopback];

      for (const own of BOUND)
        for (const to of [any, loopback]) {
          const where = own === undefined ? 'is not bound' : `is bound to ${own}`;

          it(`sends datagrams from an address, if it ${where}, to ${to}`, async () => {
            const receiver = datagram(name, family);
            receiver.bind([any, 0]);
            const sender = datagram(name, family);
            if (own !== undefined) sender.bind([own, 0]);

            sender.sendto(Buffer.from('x'), [to, port(receiver)]);
            const [, from] = await receivedFrom(receiver);
            receiver.sendto(Buffer.from('answer'), from);
            const [answer, back] = await receivedFrom(sender);

            assert.equal([host(from), `${answer}`, host(back)], [loopback, 'answer', loopback]);
            assert.is(host(sender.getsockname()), own ?? any);
            for (const sock of [sender, receiver]) sock.close();
          });

          it(`has both addresses when it is connected, if it ${where}, to ${to}`, async () => {
            const receiver = datagram(name, family);
            receiver.bind([any, 0]);
            const sender = datagram(name, family);
            if (own !== undefined) sender.bind([own, 0]);
            const before = port(sender);

            sender.connect([to, port(receiver)]);
            sender.send(Buffer.from('x'));
            const [, from] = await receivedFrom(receiver);
            receiver.sendto(Buffer.from('answer'), from);

            assert.is(host(sender.getsockname()), loopback);
            assert.is(String(from), String(sender.getsockname()));
            if (before !== 0) assert.is(port(sender), before);
            assert.equal(
              [host(sender.getpeername()), sender.getpeername()[1]],
              [loopback, port(receiver)],
            );
            assert.is(`${await received(sender)}`, 'answer');
            for (const sock of [sender, receiver]) sock.close();
          });

          it(`connects from an address, if it ${where}, to ${to}`, async () => {
            const listener = stream(name, family);
            listener.bind([any, 0]);
            listener.listen();
            const client = stream(name, family);
            if (own !== undefined) client.bind([own, 0]);

            const [[server, from]] = await Promise.all([
              accepted(listener),
              connected(client, [to, port(listener)]),
            ]);

            const all = [
              client.getsockname(),
              client.getpeername(),
              server.getsockname(),
              server.getpeername(),
              from,
            ];
            assert.equal(all.map(host), Array(5).fill(loopback));
            assert.is(String(client.getsockname()), String(server.getpeername()));
            assert.is(host(listener.getsockname()), any);
            for (const sock of [client, server, listener]) sock.close();
          });
        }

      it('frees the port to which it was bound before it was connected', async () => {
        const receiver = datagram(name, family);
        receiver.bind([loopback, 0]);
        const sender = datagram(name, family);
        sender.bind([any, 0]);
        const freed = port(sender);
        sender.connect(receiver.getsockname());
        sender.close();
        const next = datagram(name, family);

        // The node driver closes a handle in a turn of its own.
        await new Promise((resolve) => void setImmediate(resolve));
        next.bind([any, freed]);

        assert.is(port(next), freed);
        for (const sock of [next, receiver]) sock.close();
      });

      it('receives only from its peer when it is connected', async () => {
        const [one, peer, other] = [1, 2, 3].map(() => {
          const made = datagram(name, family);
          made.bind([loopback, 0]);
          return made;
        }) as [socket.Socket, socket.Socket, socket.Socket];
        one.connect(peer.getsockname());

        other.sendto(Buffer.from('from another'), one.getsockname());
        peer.sendto(Buffer.from('from the peer'), one.getsockname());

        assert.is(`${await received(one)}`, 'from the peer');
        for (const sock of [one, peer, other]) sock.close();
      });

      it('does not send a datagram to port 0', async () => {
        const sender = datagram(name, family);
        await rejects(
          attempt(() => sender.sendto(Buffer.from('x'), [loopback, 0])),
          OSError,
          { code: 'EINVAL', message: '[Errno 22] Invalid argument' },
        );
        sender.connect([loopback, 0]);
        await rejects(
          attempt(() => sender.getpeername()),
          OSError,
          { code: 'ENOTCONN' },
        );
        sender.close();
      });
    });
