import * as assert from 'uvu/assert';
import { createTask, type Loop, OSError, RuntimeError, sleep } from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import {
  DRIVERS,
  type DriverCase,
  datagram,
  listening,
  receivedFrom,
  sendingWithoutRoom,
  stream,
} from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const REAL = { clock: 'real' } as const;

/** Ways in which an array loses its memory while somebody waits with it. */
const WAYS: readonly (readonly [name: string, make: () => Uint8Array, take: typeof transfer])[] = [
  ['transferred', () => new Uint8Array(10), transfer],
  ['shrunk to nothing', () => new Uint8Array(resizable(10)), shrinkTo(0)],
  ['shrunk to a part', () => new Uint8Array(resizable(10)), shrinkTo(4)],
  ['shrunk below its end', () => new Uint8Array(resizable(10), 2, 8), shrinkTo(4)],
];

function transfer(bytes: Uint8Array): void {
  structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });
}

function shrinkTo(nbytes: number) {
  return (bytes: Uint8Array): void => (bytes.buffer as Resizable).resize(nbytes);
}

/** As newer libraries of TypeScript have it. */
interface Resizable extends ArrayBuffer {
  resize(nbytes: number): void;
}

function resizable(maxByteLength: number): ArrayBuffer {
  const make = ArrayBuffer as unknown as new (
    nbytes: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer;
  return new make(maxByteLength, { maxByteLength });
}

/** An array whose memory is gone. */
function gone(): Uint8Array {
  const bytes = new Uint8Array(10);
  transfer(bytes);
  return bytes;
}

async function connection(loop: Loop, { name }: DriverCase) {
  const listener = listening(name);
  const client = stream(name);
  const accepting = loop.sockAccept(listener);
  await loop.sockConnect(client, listener.getsockname() as socket.AddressInput);
  const [server] = await accepting;
  const close = (): void => {
    for (const sock of [client, server, listener]) sock.close();
  };
  return { client, server, close };
}

for (const driver of DRIVERS) {
  loopBehaviour(`Detached memory (${driver.name})`, (it) => {
    for (const [how, make, take] of WAYS) {
      it(
        `fails sockRecvInto when it is ${how}, without losing bytes`,
        async (loop) => {
          const { client, server, close } = await connection(loop, driver);
          const buffer = make();
          const { length } = buffer;
          const receiving = loop.sockRecvInto(server, buffer);
          take(buffer);
          await loop.sockSendall(client, Buffer.from('hello'));

          await rejects(receiving, RangeError, {
            message: `buffer shrank from ${length} to ${buffer.length} bytes while it was being filled`,
          });
          assert.is(String(await loop.sockRecv(server, 10)), 'hello');
          close();
        },
        REAL,
      );

      it(
        `fails sockRecvfromInto when it is ${how}, without losing a datagram`,
        async (loop) => {
          const [one, other] = [datagram(driver.name), datagram(driver.name)];
          one.bind(['127.0.0.1', 0]);
          const buffer = make();
          const receiving = loop.sockRecvfromInto(one, buffer);
          take(buffer);
          other.sendto(Buffer.from('hello'), one.getsockname() as socket.AddressInput);

          await rejects(receiving, RangeError, { message: /^buffer shrank from/ });
          assert.is(String((await receivedFrom(one))[0]), 'hello');
          one.close();
          other.close();
        },
        REAL,
      );

      it(
        `fails sockSendall when it is ${how}`,
        async (loop) => {
          const { client, server, close } = await connection(loop, driver);
          const [sending, data] = await sendingWithoutRoom(loop, client, make);
          take(data);
          const receiving = createTask(async () => {
            while (!sending.done()) await loop.sockRecv(server, 65_536);
          });

          await rejects(sending, RangeError, { message: /^data shrank from/ });
          receiving.cancel();
          await receiving.catch(() => {});
          close();
        },
        REAL,
      );
    }

    it(
      'is refused immediately: it is not empty, it is gone',
      async (loop) => {
        const { client, server, close } = await connection(loop, driver);
        const sock = datagram(driver.name);

        for (const call of [
          () => loop.sockRecvInto(server, gone()),
          () => loop.sockRecvfromInto(sock, gone(), 0),
          () => loop.sockSendall(client, gone()),
          () => loop.sockSendto(sock, gone(), ['127.0.0.1', 9]),
          () => server.recvInto(gone()),
          () => server.recvfromInto(gone()),
          () => client.send(gone()),
          () => sock.sendto(gone(), ['127.0.0.1', 9]),
        ])
          throws(call, TypeError, {
            message: /must be a Uint8Array, got <Uint8Array without memory>/,
          });
        sock.close();
        close();
      },
      REAL,
    );
  });

  loopBehaviour(`A socket that is closed or detached (${driver.name})`, (it) => {
    for (const how of ['close', 'detach'] as const) {
      it(
        `fails every pending operation with EBADF on ${how}()`,
        async (loop) => {
          const { client, server, close } = await connection(loop, driver);
          const silent = await connection(loop, driver);
          const listener = listening(driver.name);
          const sock = datagram(driver.name);
          sock.bind(['127.0.0.1', 0]);
          const [sending] = await sendingWithoutRoom(loop, client, () => Buffer.from('x'));
          const waiting = [
            loop.sockRecv(silent.server, 10),
            sending,
            loop.sockAccept(listener),
            loop.sockRecvfrom(sock, 10),
          ];

          const given = [silent.server, client, listener, sock].map((each) => each[how]());

          for (const operation of waiting)
            await rejects(operation as PromiseLike<unknown>, OSError, { code: 'EBADF' });
          if (how === 'detach')
            for (const fileno of given as unknown as number[])
              socket.socket(-1, -1, -1, { driver: driver.name, fileno }).close();
          assert.not(server.fileno() < 0);
          silent.close();
          close();
        },
        REAL,
      );

      it(
        `fails a sockConnect that is looking up its host with EBADF on ${how}()`,
        async (loop) => {
          const lookUp = loop.createFuture<never>();
          loop.getaddrinfo = () => lookUp as never;
          const client = stream(driver.name);
          client.bind(['127.0.0.1', 0]);
          const connecting = loop.sockConnect(client, ['host.invalid', 9]);
          throws(() => loop.sockConnect(client, ['127.0.0.1', 9]), RuntimeError, {
            message: /already sending or connecting/,
          });

          const fileno = client[how]() as unknown as number;

          await rejects(connecting, OSError, { code: 'EBADF' });
          lookUp.setException(new OSError('nobody asks any more'));
          await sleep(0);
          if (how === 'detach') socket.socket(-1, -1, -1, { driver: driver.name, fileno }).close();
        },
        REAL,
      );

      if (driver.real)
        it(
          `fails a pending sockConnect with EBADF on ${how}()`,
          async (loop) => {
            const listener = listening(driver.name);
            const client = stream(driver.name);
            const connecting = loop.sockConnect(
              client,
              listener.getsockname() as socket.AddressInput,
            );

            const fileno = client[how]() as unknown as number;

            await rejects(connecting, OSError, { code: 'EBADF' });
            if (how === 'detach')
              socket.socket(-1, -1, -1, { driver: driver.name, fileno }).close();
            listener.close();
          },
          REAL,
        );
    }
  });
}
