/**
 * The simulated network shows a program what a real kernel shows it: each case runs on the loopback of a
 * simulated host and on that of this machine, and what the program sees is compared.
 */
import * as assert from 'uvu/assert';
import { getRunningLoop, run, waitFor } from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';
import { simulate } from '../../../src/testing.ts';
import { behaviour } from '../../support/behaviour.ts';
import { arrival, type Case, linger, Play, receive, send, withFamily } from './play.ts';

const CASES: readonly Case<Play>[] = [
  [
    'the end of a stream',
    async (play) => {
      const [client, server] = await play.pair();
      await send(client, 'last');
      client.close();
      await arrival();
      await play.note('recv', () => receive(server));
      await play.note('recv', () => receive(server));
      await play.note('recv', () => receive(server));
    },
  ],
  [
    'a half-close: the other way goes on',
    async (play) => {
      const [client, server] = await play.pair();
      client.shutdown(socket.SHUT_WR);
      await play.note('send after SHUT_WR', () => send(client, 'x'));
      await play.note('recv', () => receive(server));
      await send(server, 'answer');
      await play.note('recv', () => receive(client));
      server.close();
      await play.note('recv', () => receive(client));
    },
  ],
  [
    'SHUT_RD: the end at once',
    async (play) => {
      const [client, server] = await play.pair();
      client.shutdown(socket.SHUT_RD);
      await play.note('recv', () => receive(client));
      await play.note('send to it', () => send(server, 'x'));
      await play.note('send from it', () => send(client, 'y'));
      await play.note('recv', () => receive(server));
    },
  ],
  [
    'EPIPE after the end: the first send goes, the second fails',
    async (play) => {
      const [client, server] = await play.pair();
      server.close();
      await arrival();
      await play.note('send', () => send(client, 'x'));
      await arrival();
      await play.note('send', () => send(client, 'x'));
      await play.note('send', () => send(client, 'x'));
      await play.note('recv', () => receive(client));
    },
  ],
  [
    'a reset: SO_LINGER of 0',
    async (play) => {
      const [client, server] = await play.pair();
      linger(server);
      server.close();
      await arrival();
      await play.note('recv', () => receive(client));
      await play.note('recv', () => receive(client));
      await play.note('send', () => send(client, 'x'));
    },
  ],
  [
    'a reset, seen by a send first',
    async (play) => {
      const [client, server] = await play.pair();
      linger(server);
      server.close();
      await arrival();
      await play.note('send', () => send(client, 'x'));
      await play.note('send', () => send(client, 'x'));
      await play.note('recv', () => receive(client));
    },
  ],
  [
    'a close with bytes that nobody has read',
    async (play) => {
      const [client, server] = await play.pair();
      await send(client, 'unread');
      await arrival();
      server.close();
      await arrival();
      await play.note('recv', () => receive(client));
      await play.note('recv', () => receive(client));
    },
  ],
  [
    'a receive that waits when the reset comes',
    async (play) => {
      const [client, server] = await play.pair();
      const waiting = play.note('recv', () => receive(client));
      await arrival();
      linger(server);
      server.close();
      await waiting;
    },
  ],
  [
    'a connection that is refused',
    async (play) => {
      const listener = play.listener();
      const address = listener.getsockname();
      listener.close();
      const client = play.socket();
      await play.note('connect', () => getRunningLoop().sockConnect(client, address));
    },
  ],
  [
    'a listener that closes with connections that wait',
    async (play) => {
      const listener = play.listener();
      const client = play.socket();
      await getRunningLoop().sockConnect(client, listener.getsockname());
      listener.close();
      await arrival();
      await play.note('recv', () => receive(client));
    },
  ],
  [
    'calls in a state that does not allow them',
    async (play) => {
      const fresh = play.socket();
      await play.note('recv', () => receive(fresh));
      await play.note('send', () => send(fresh, 'x'));
      await play.note('getpeername', () => fresh.getpeername());
      await play.note('shutdown', () => fresh.shutdown(socket.SHUT_WR));
      await play.note('accept', () => getRunningLoop().sockAccept(fresh));
      const [client] = await play.pair();
      await play.note('connect', () => getRunningLoop().sockConnect(client, client.getpeername()));
      await play.note('bind', () => client.bind([play.loopback, 0]));
      await play.note('listen', () => client.listen());
    },
  ],
  [
    'addresses that are taken, or not ours',
    async (play) => {
      const listener = play.listener();
      const other = play.socket();
      await play.note('bind', () => other.bind(listener.getsockname()));
      await play.note('bind', () =>
        other.bind([play.family === socket.AF_INET6 ? '2001:db8::1' : '192.0.2.1', 0]),
      );
    },
  ],
  [
    'datagrams, in order, and cut to what is asked for',
    async (play) => {
      const receiver = play.socket(socket.SOCK_DGRAM);
      receiver.bind([play.loopback, 0]);
      const sender = play.socket(socket.SOCK_DGRAM);
      const loop = getRunningLoop();
      const address = receiver.getsockname();
      await loop.sockSendto(sender, Buffer.from('one'), address);
      await arrival();
      await loop.sockSendto(sender, Buffer.from('second'), address);
      await arrival();
      await play.note('recv', () => receive(receiver));
      await play.note('recv', () => loop.sockRecv(receiver, 3));
      await play.note('too long', () => loop.sockSendto(sender, Buffer.alloc(70_000), address));
      await play.note('send', () => send(sender, 'x'));
    },
  ],
  [
    'a backlog that is full',
    async (play) => {
      const listener = play.listener(1);
      const address = listener.getsockname();
      const loop = getRunningLoop();
      for (let n = 1; n <= 3; n += 1) {
        const client = play.socket();
        const connect = () => waitFor(loop.sockConnect(client, address), 0.05);
        await play.note(`connect ${n}`, connect);
      }
    },
  ],
  [
    'a peer that reads nothing, and then everything',
    async (play) => {
      const [client, server] = await play.pair();
      const total = 8 * 1024 * 1024;
      let isSent = false;
      const sending = play.note('send', async () => {
        await getRunningLoop().sockSendall(client, Buffer.alloc(total));
        isSent = true;
      });
      await arrival();
      await play.note('is sent', () => isSent);
      let got = 0;
      while (got < total) got += (await getRunningLoop().sockRecv(server, 1024 * 1024)).length;
      await sending;
      await play.note('got', () => got);
    },
  ],
  [
    'a send that waits when the reset comes',
    async (play) => {
      const [client, server] = await play.pair();
      const sending = play.note('send', () =>
        getRunningLoop().sockSendall(client, Buffer.alloc(8 * 1024 * 1024)),
      );
      await arrival();
      server.close();
      await sending;
      await play.note('recv', () => receive(client));
      await play.note('send', () => send(client, 'x'));
    },
  ],
  [
    'SHUT_RDWR, seen from both sides',
    async (play) => {
      const [client, server] = await play.pair();
      client.shutdown(socket.SHUT_RDWR);
      await arrival();
      await play.note('recv', () => receive(client));
      await play.note('send', () => send(client, 'x'));
      await play.note('recv by the peer', () => receive(server));
      await play.note('send by the peer', () => send(server, 'x'));
      await arrival();
      await play.note('send by the peer', () => send(server, 'x'));
      await play.note('recv by the peer', () => receive(server));
      await play.note('recv', () => receive(client));
      await play.note('send', () => send(client, 'x'));
    },
  ],
  [
    'a reset after a half-close',
    async (play) => {
      const [client, server] = await play.pair();
      await send(client, 'last');
      client.shutdown(socket.SHUT_WR);
      await arrival();
      linger(server);
      server.close();
      await arrival();
      await play.note('recv', () => receive(client));
      await play.note('recv', () => receive(client));
      await play.note('getpeername', () => `${client.getpeername() !== undefined}`);
    },
  ],
  [
    'connections are accepted in the order in which they came',
    async (play) => {
      const listener = play.listener();
      const loop = getRunningLoop();
      for (const name of ['one', 'two', 'three']) {
        const client = play.socket();
        await loop.sockConnect(client, listener.getsockname());
        await send(client, name);
      }
      for (let n = 0; n < 3; n += 1) {
        const [accepted] = await loop.sockAccept(listener);
        await play.note('recv', () => receive(accepted));
        accepted.close();
      }
    },
  ],
  [
    'a datagram that nobody takes',
    async (play) => {
      const gone = play.socket(socket.SOCK_DGRAM);
      gone.bind([play.loopback, 0]);
      const address = gone.getsockname();
      gone.close();
      const sender = play.socket(socket.SOCK_DGRAM);
      sender.connect(address);
      await play.note('send', () => send(sender, 'x'));
      await arrival();
      await play.note('send', () => send(sender, 'x'));
    },
  ],
];

behaviour('A simulated kernel', (it) => {
  for (const family of [socket.AF_INET, socket.AF_INET6])
    for (const [name, play] of CASES)
      it(`behaves like a real one: ${name}${withFamily(family)}`, async () => {
        const real = new Play('posix', family);
        await run(async () => {
          await play(real);
          real.close();
        });
        const simulated = new Play(undefined, family);
        await simulate(async () => {
          await play(simulated);
          simulated.close();
        });
        assert.ok(real.seen.length > 0);
        assert.equal(simulated.seen, real.seen);
      });
});
