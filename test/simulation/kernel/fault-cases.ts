/** Faults, and what a program sees of them: each case is played on a simulated and on a real kernel. */
import {
  DatagramProtocol,
  getRunningLoop,
  openConnection,
  sleep,
  startServer,
  waitFor,
} from '../../../src/index.ts';
import type { Address, Socket } from '../../../src/socket.ts';
import * as socket from '../../../src/socket.ts';
import { ECHO, type FaultPlay } from './fault-play.ts';
import { arrival, type Case, linger, receive, send } from './play.ts';

const connect = (sock: Socket, address: Address): Promise<void> =>
  getRunningLoop().sockConnect(sock, address);

/** Whether something happens within a moment. */
const soon = <T>(promise: Promise<T>): Promise<T> => waitFor(promise, 0.05);

/** Receives until a text is here. */
async function receiveAll(sock: Socket, length: number): Promise<string> {
  let text = '';
  while (text.length < length) {
    const data = await getRunningLoop().sockRecv(sock, length - text.length);
    if (data.length === 0) break;
    text += Buffer.from(data);
  }
  return text;
}

/** Takes all descriptors that are left. */
function fill(play: FaultPlay): Socket[] {
  const all: Socket[] = [];
  try {
    for (;;) all.push(play.socket());
  } catch (error) {
    play.seen.push(`socket: ${(error as { code: string }).code}`);
  }
  return all;
}

export const FAULTS: readonly Case<FaultPlay>[] = [
  [
    'a connect that nobody answers',
    async (play) => {
      const listener = await play.serve();
      play.part();
      const client = play.socket();
      play.giveUpSoon(client);
      await play.note('connect', () => connect(client, listener.getsockname()));
      await play.note('getpeername', () => client.getpeername());
      await play.note('recv', () => receive(client));
      await play.note('send', () => send(client, 'x'));
      play.heal();
      // The first is told that the attempt before was aborted.
      for (let n = 0; n < 2; n += 1)
        await play.note('connect', () => connect(client, listener.getsockname()));
      await play.note('accept', async () =>
        (await getRunningLoop().sockAccept(listener))[0].close(),
      );
      await play.note('recv', () => receive(client));
    },
  ],
  [
    'a connect that is answered when the network is back',
    async (play) => {
      const listener = await play.serve();
      play.part();
      const client = play.socket();
      const connecting = play.note('connect', () => connect(client, listener.getsockname()));
      await play.note('send', () => client.send(Buffer.from('x')));
      await play.note('recv', () => client.recv(1));
      await play.note('connect again', () => client.connect(listener.getsockname()));
      await arrival();
      play.heal();
      await connecting;
    },
  ],
  [
    'a host that does not exist',
    async (play) => {
      const { nobody, server } = play.addresses;
      const client = play.socket();
      for (const host of [nobody, server, server])
        await play.note('connect', () => connect(client, [host, 80]));
    },
  ],
  [
    'datagrams to a host that does not exist',
    async (play) => {
      const sender = play.socket(socket.SOCK_DGRAM);
      const address = [play.addresses.nobody, 80] as const;
      await play.note('sendto', () =>
        getRunningLoop().sockSendto(sender, Buffer.from('x'), address),
      );
      sender.connect(address);
      await play.note('send', () => send(sender, 'x'));
      await play.note('recv', () => soon(receive(sender)));
      await play.note('send', () => send(sender, 'x'));
    },
  ],
  [
    'a partition: what is sent arrives afterwards, in order',
    async (play) => {
      const [client, server] = await play.pair();
      play.part();
      await play.note('send', () => send(client, 'one '));
      await play.note('send', () => send(client, 'two '));
      await play.note('send', () => send(server, 'answer'));
      client.shutdown(socket.SHUT_WR);
      await play.note('recv', () => soon(receive(server)));
      play.heal();
      await play.note('recv', () => receiveAll(server, 8));
      await play.note('recv', () => receive(server));
      await play.note('recv', () => receiveAll(client, 6));
    },
  ],
  [
    'a partition that lasts: the sender gives up, its peer learns of it when it sends',
    async (play) => {
      const [client, server] = await play.pair();
      play.giveUpSoon(client);
      play.part();
      await play.note('send', () => send(client, 'lost'));
      await play.note('recv', () => receive(client));
      await play.note('recv', () => receive(client));
      await play.note('send', () => send(client, 'x'));
      await play.note('getpeername', () => client.getpeername());
      play.heal();
      await play.note('recv by the peer', () => soon(receive(server)));
      await play.note('send by the peer', () => send(server, 'x'));
      await play.note('recv by the peer', () => receive(server));
      await play.note('send by the peer', () => send(server, 'x'));
    },
  ],
  [
    'a partition while nothing is sent',
    async (play) => {
      const [client, server] = await play.pair();
      play.part();
      await play.note('recv', () => soon(receive(client)));
      play.heal();
      await send(client, 'x');
      await play.note('recv', () => receive(server));
    },
  ],
  [
    'a close during a partition',
    async (play) => {
      const [client, server] = await play.pair();
      play.part();
      await send(client, 'last');
      client.close();
      await play.note('recv', () => soon(receive(server)));
      play.heal();
      await play.note('recv', () => receive(server));
      await play.note('recv', () => receive(server));
    },
  ],
  [
    'a half-open connection: waiting shows nothing, sending does',
    async (play) => {
      const [client, server] = await play.pair();
      await play.loseConnections(server);
      await play.note('recv', () => soon(receive(client)));
      await play.note('send', () => send(client, 'x'));
      await arrival();
      await play.note('recv', () => receive(client));
      await play.note('recv', () => receive(client));
      await play.note('send', () => send(client, 'x'));
    },
  ],
  [
    'a half-open connection: two sends',
    async (play) => {
      const [client, server] = await play.pair();
      await play.loseConnections(server);
      await play.note('send', () => send(client, 'x'));
      await arrival();
      await play.note('send', () => send(client, 'x'));
      await play.note('send', () => send(client, 'x'));
      await play.note('recv', () => receive(client));
    },
  ],
  [
    'a half-open connection: what had come before can still be received',
    async (play) => {
      const [client, server] = await play.pair();
      await send(server, 'before');
      await arrival();
      await play.loseConnections(server);
      await play.note('send', () => send(client, 'x'));
      await arrival();
      await play.note('recv', () => receive(client));
      await play.note('recv', () => receive(client));
    },
  ],
  [
    'a half-open connection: a half-close and a close',
    async (play) => {
      const [client, server] = await play.pair();
      await play.loseConnections(server);
      await play.note('shutdown', () => client.shutdown(socket.SHUT_WR));
      await arrival();
      await play.note('recv', () => receive(client));
      await play.note('send', () => send(client, 'x'));
    },
  ],
  [
    'a half-open connection, seen by a stream',
    async (play) => {
      const [client, server] = await play.pair();
      const [reader, writer] = await openConnection(undefined, undefined, { sock: client });
      await play.loseConnections(server);
      writer.write('x');
      await play.note('drain', () => writer.drain());
      await play.note('read', () => reader.read(10));
      await play.note('drain', () => writer.drain());
      writer.close();
      await play.note('waitClosed', () => writer.waitClosed());
    },
  ],
  [
    'a peer that is frozen: its system goes on, its program does not',
    async (play) => {
      const before = await play.toPeer();
      await play.note('echo', async () => {
        await send(before, 'one');
        return await receiveAll(before, 3);
      });
      play.freeze();
      const during = play.socket();
      await play.note('connect', () => soon(connect(during, [play.addresses.server, ECHO])));
      await play.note('send', () => send(during, 'two'));
      await play.note('send', () => send(before, 'three'));
      await play.note('recv', () => soon(receive(before)));
      await play.thaw();
      await play.note('recv', () => receiveAll(before, 5));
      await play.note('recv', () => receiveAll(during, 3));
    },
  ],
  [
    'a frozen peer: the window fills, and what was sent comes back afterwards',
    async (play) => {
      const client = await play.toPeer();
      play.freeze();
      const total = play.flood;
      let isSent = false;
      const sending = play.note('send', async () => {
        await getRunningLoop().sockSendall(client, Buffer.alloc(total, 'x'));
        isSent = true;
      });
      await sleep(0.1);
      await play.note('is sent', () => isSent);
      await play.thaw();
      let got = 0;
      while (got < total) got += (await getRunningLoop().sockRecv(client, 1024 * 1024)).length;
      await sending;
      await play.note('got all', () => got === total);
    },
  ],
  [
    'a peer that is killed',
    async (play) => {
      const client = await play.toPeer();
      await send(client, 'x');
      await receiveAll(client, 1);
      await play.kill();
      await play.note('recv', () => receive(client));
      await play.note('send', () => send(client, 'x'));
      await arrival();
      await play.note('send', () => send(client, 'x'));
      const again = play.socket();
      await play.note('connect', () => connect(again, [play.addresses.server, ECHO]));
    },
  ],
  [
    'a peer that is killed while it is frozen, with bytes that it has not read',
    async (play) => {
      const client = await play.toPeer();
      await send(client, 'x');
      await receiveAll(client, 1);
      play.freeze();
      await send(client, 'unread');
      await arrival();
      await play.kill();
      await play.note('recv', () => receive(client));
      await play.note('recv', () => receive(client));
      await play.note('send', () => send(client, 'x'));
    },
  ],
  ...[0, 1, 2].map(
    (backlog): Case<FaultPlay> => [
      `a full backlog, listen(${backlog}): connects are answered when there is room`,
      async (play) => {
        const listener = await play.serve(backlog);
        const address = listener.getsockname();
        const clients = Array.from({ length: backlog + 2 }, () => play.socket());
        for (const [n, client] of clients.slice(0, -1).entries()) {
          await play.note(`connect ${n}`, () => soon(connect(client, address)));
          await play.note('send', () => send(client, `${n}`));
        }
        const last = clients.at(-1) as Socket;
        const late = play.note('connect late', () => connect(last, address));
        await arrival();
        play.seen.push('accept');
        const [first] = await getRunningLoop().sockAccept(listener);
        await play.note('recv', () => receive(first));
        first.close();
        await late;
        await send(last, 'late');
        for (let n = 0; n <= backlog; n += 1) {
          const [accepted] = await getRunningLoop().sockAccept(listener);
          await play.note('recv', () => receive(accepted));
          accepted.close();
        }
      },
    ],
  ),
  [
    'connections that end before they are accepted',
    async (play) => {
      const listener = await play.serve();
      const address = listener.getsockname();
      for (const how of ['ends', 'is reset']) {
        const client = play.socket();
        await connect(client, address);
        await send(client, how);
        if (how === 'is reset') linger(client);
        client.close();
      }
      await arrival();
      for (let n = 0; n < 2; n += 1) {
        const [accepted] = await getRunningLoop().sockAccept(listener);
        await play.note('getpeername', () => typeof accepted.getpeername());
        await play.note('recv', () => receive(accepted));
        await play.note('recv', () => receive(accepted));
        await play.note('send', () => send(accepted, 'x'));
        accepted.close();
      }
    },
  ],
  [
    'a listener that closes with a full backlog',
    async (play) => {
      const listener = await play.serve(0);
      const address = listener.getsockname();
      const [one, two] = [play.socket(), play.socket()];
      await connect(one, address);
      const late = play.note('connect late', () => connect(two, address));
      await arrival();
      listener.close();
      await play.note('recv', () => receive(one));
      await late;
    },
  ],
  [
    'no descriptors left: socket, connections to accept, streams',
    async (play) => {
      const listener = play.listener();
      const client = play.socket();
      const all = fill(play);
      const loop = getRunningLoop();
      await play.note('connect', () => connect(client, listener.getsockname()));
      loop.setExceptionHandler((_loop, { message }) => void play.seen.push(`${message}`));
      await play.note('accept', () => soon(loop.sockAccept(listener)));
      await play.note('openConnection', () => openConnection(play.addresses.server, ECHO));
      await play.note('startServer', () => startServer(async () => {}, play.loopback, 0));
      await play.note('endpoint', () =>
        loop.createDatagramEndpoint(() => new DatagramProtocol(), {
          localAddr: [play.loopback, 0],
        }),
      );
      all.pop()?.close();
      const [accepted] = await loop.sockAccept(listener);
      await send(client, 'x');
      await play.note('recv', () => receive(accepted));
      await play.note('socket', () => play.socket());
      accepted.close();
      await play.note('recv', () => receive(client));
      loop.setExceptionHandler(undefined);
    },
  ],
  [
    'no descriptors left at a server: it goes on when there are some',
    async (play) => {
      const loop = getRunningLoop();
      loop.setExceptionHandler((_loop, { message, exception }) => {
        play.seen.push(`${message}: ${(exception as { code?: string }).code}`);
      });
      const server = await startServer(
        async (reader, writer) => {
          writer.write(await reader.readexactly(1));
          writer.close();
        },
        play.loopback,
        0,
      );
      const client = play.socket();
      const all = fill(play);
      await connect(client, server.sockets[0]?.getsockname() as [string, number]);
      await send(client, 'x');
      await play.note('recv', () => soon(receive(client)));
      for (const each of all) each.close();
      await play.note('recv', () => receive(client));
      server.close();
      loop.setExceptionHandler(undefined);
    },
  ],
];
