import * as assert from 'uvu/assert';
import { createTask, type Loop, Protocol, sleep, type Transport } from '../../../../src/index.ts';
import { bindAll } from '../../../../src/sock/drivers/posix/ffi/koffi.ts';
import { addressOf } from '../../../../src/sock/drivers/posix/ffi/libc.ts';
import * as socket from '../../../../src/socket.ts';
import { DRIVERS, type DriverCase, listening, stream } from '../../../support/drivers.ts';
import { type LoopIt, loopBehaviour } from '../../../support/loop-behaviour.ts';

const REAL = { clock: 'real' } as const;
const MSG_OOB = 1;
const SO_PASSCRED = 16;

const ON_LINUX = process.platform === 'linux';

const { send, sendmsg } = bindAll<{
  send(fd: number, data: Uint8Array, nbytes: number, flags: number): number;
  sendmsg(fd: number, message: Buffer, flags: number): number;
}>({
  send: 'intptr_t send(int, void *, size_t, int)',
  sendmsg: 'intptr_t sendmsg(int, void *, int)',
});

function sendUrgent(sock: socket.Socket, text: string): void {
  assert.is(send(sock.fileno(), Buffer.from(text), text.length, MSG_OOB), text.length);
}

/** Sends a text with a descriptor beside it. */
function sendWithDescriptor(sock: socket.Socket, text: string, fd: number): void {
  const bytes = Buffer.alloc(128, text, 'latin1');
  const iovec = Buffer.alloc(128);
  iovec.writeBigUInt64LE(BigInt(addressOf(bytes)), 0);
  iovec.writeBigUInt64LE(BigInt(text.length), 8);
  const control = Buffer.alloc(128);
  control.writeBigUInt64LE(20n, 0);
  control.writeInt32LE(socket.SOL_SOCKET, 8);
  control.writeInt32LE(1, 12); // SCM_RIGHTS
  control.writeInt32LE(fd, 16);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(BigInt(addressOf(iovec)), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(BigInt(addressOf(control)), 32);
  message.writeBigUInt64LE(24n, 40);
  assert.is(sendmsg(sock.fileno(), message, 0), text.length);
}

async function connection(loop: Loop, { name }: DriverCase, family: number) {
  const listener = listening(name, family);
  const client = stream(name, family);
  const accepting = loop.sockAccept(listener);
  await loop.sockConnect(client, listener.getsockname() as socket.AddressInput);
  const [server] = await accepting;
  // Waited on once, the socket is one of which all changes are told.
  const first = createTask(async () => String(await loop.sockRecv(server, 100)));
  await sleep(0);
  client.send(Buffer.from('first'));
  assert.is(await first, 'first');
  const close = (): void => {
    for (const sock of [client, server, listener]) sock.close();
  };
  return { client, server, close };
}

type Sender = (client: socket.Socket) => void;
type Receiver = (loop: Loop, server: socket.Socket) => Promise<Uint8Array>;

const RECEIVERS: readonly (readonly [name: string, receive: Receiver])[] = [
  ['sockRecv', async (loop, server) => await loop.sockRecv(server, 100)],
  ['sockRecv of two bytes', async (loop, server) => await loop.sockRecv(server, 2)],
  [
    'sockRecvInto',
    async (loop, server) => {
      const buffer = Buffer.alloc(100);
      return buffer.subarray(0, await loop.sockRecvInto(server, buffer));
    },
  ],
  ['sockRecvfrom', async (loop, server) => (await loop.sockRecvfrom(server, 100))[0]],
];

const urgent: Sender = (client) => {
  client.send(Buffer.from('abc'));
  sendUrgent(client, '!');
  client.send(Buffer.from('efgh'));
};

const withDescriptors: Sender = (client) => {
  sendWithDescriptor(client, 'abc', client.fileno());
  sendWithDescriptor(client, 'def', client.fileno());
  client.send(Buffer.from('gh'));
};

function declare(
  it: LoopIt,
  driver: DriverCase,
  family: number,
  what: string,
  sender: Sender,
  expected: string,
  prepare?: Sender,
) {
  for (const [name, receive] of RECEIVERS)
    it(
      `passes everything that ${what} divides to ${name}`,
      async (loop) => {
        const { client, server, close } = await connection(loop, driver, family);
        prepare?.(server);
        for (let round = 0; round < 2; round += 1) {
          const receiving = createTask(async () => {
            let all = '';
            while (all.length < expected.length) all += await receive(loop, server);
            return all;
          });
          await sleep(0);

          sender(client);

          assert.is(await receiving, expected);
        }
        close();
      },
      { ...REAL, seconds: 3 },
    );

  it(
    `passes everything that ${what} divides to a transport`,
    async (loop) => {
      const { client, server, close } = await connection(loop, driver, family);
      prepare?.(server);
      const received = loop.createFuture<string>();
      class Collects extends Protocol {
        #all = '';

        override dataReceived(data: Uint8Array): void {
          this.#all += data;
          if (this.#all.length >= expected.length) received.setResult(this.#all);
        }
      }
      const [transport] = await loop.connectAcceptedSocket(() => new Collects(), server);

      sender(client);

      assert.is(await received, expected);
      (transport as Transport).abort();
      close();
    },
    { ...REAL, seconds: 3 },
  );
}

/** Has AF_UNIX urgent bytes? Linux can be made without. */
function unixHasUrgent(): boolean {
  const [one, other] = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, {
    driver: 'posix',
  });
  const sent = send(one.fileno(), Buffer.from('!'), 1, MSG_OOB);
  one.close();
  other.close();
  return sent === 1;
}

for (const driver of DRIVERS) {
  if (!driver.real || !ON_LINUX) continue;

  loopBehaviour(`Bytes that are divided (${driver.name})`, (it) => {
    declare(it, driver, socket.AF_INET, 'an urgent byte', urgent, 'abcefgh');
    declare(it, driver, socket.AF_UNIX, 'a descriptor beside them', withDescriptors, 'abcdefgh');
    if (unixHasUrgent()) declare(it, driver, socket.AF_UNIX, 'an urgent byte', urgent, 'abcefgh');
    // Options that the node driver has not.
    if (driver.name === 'node') return;
    declare(it, driver, socket.AF_INET, 'an urgent byte in line', urgent, 'abc!efgh', (server) =>
      server.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1),
    );
    declare(
      it,
      driver,
      socket.AF_UNIX,
      'a descriptor beside them, with credentials',
      withDescriptors,
      'abcdefgh',
      (server) => server.setsockopt(socket.SOL_SOCKET, SO_PASSCRED, 1),
    );
  });
}

for (const driver of DRIVERS.filter(({ name }) => name.startsWith('posix')))
  loopBehaviour(`Fewer bytes than SO_RCVLOWAT (${driver.name})`, (it) => {
    for (const [where, other] of [
      ['on a socket', (server) => server],
      ['on its duplicate', (server) => server.dup()],
      [
        'on its descriptor',
        (server) => socket.socket(-1, -1, -1, { driver: driver.name, fileno: server.detach() }),
      ],
    ] as readonly [string, (server: socket.Socket) => socket.Socket][])
      it(
        `are received when they arrive, ${where}`,
        async (loop) => {
          const { client, server, close } = await connection(loop, driver, socket.AF_INET);
          server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 100);
          const sock = other(server);
          sock.setblocking(false);
          const receiving = loop.sockRecv(sock, 1000);
          client.send(Buffer.alloc(150));
          assert.is((await receiving).length, 150);

          for (const few of ['few', 'more']) {
            client.send(Buffer.from(few));
            assert.is(String(await loop.sockRecv(sock, 1000)), few);
          }
          sock.close();
          close();
        },
        { ...REAL, seconds: 3 },
      );
  });
