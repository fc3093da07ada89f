/**
 * The two servers of CPython's socket tests, written with this library, so that they run on every
 * driver.
 */

import { createTask, type Loop, type Task } from '../../src/index.ts';
import type { AddressInput, Socket } from '../../src/socket.ts';

const PAGE = 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nTest message';
const LOOPED = 'HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n';

/** A server in a task, at an address, until it is stopped. */
export interface TestServer {
  readonly address: AddressInput;
  stop(): Promise<void>;
}

/**
 * A tiny HTTP/1.0 server: `Test message`, or for `/loop` the body that was sent.
 *
 * @param listener - a listening socket; the server closes it
 */
export function httpServer(loop: Loop, listener: Socket): TestServer {
  const clients = new Set<Task<void>>();
  const accepting = createTask(async () => {
    while (true) {
      const [connection] = await loop.sockAccept(listener);
      const client = createTask(() => answer(loop, connection));
      clients.add(client);
      client.addDoneCallback(() => clients.delete(client));
    }
  });
  return {
    address: listener.getsockname() as AddressInput,
    stop: async () => {
      for (const task of [accepting, ...clients]) task.cancel();
      await Promise.allSettled([accepting, ...clients]);
      listener.close();
    },
  };
}

async function answer(loop: Loop, connection: Socket): Promise<void> {
  try {
    let request = Buffer.alloc(0);
    while (!request.includes('\r\n\r\n')) {
      const data = await loop.sockRecv(connection, 65_536);
      if (data.length === 0) return;
      request = Buffer.concat([request, data]);
    }
    const body = request.subarray(request.indexOf('\r\n\r\n') + 4);
    const length = Number(/content-length: *(\d+)/i.exec(String(request))?.[1] ?? 0);
    if (!request.subarray(0, 64).includes('/loop'))
      await loop.sockSendall(connection, Buffer.from(PAGE));
    else {
      await loop.sockSendall(connection, Buffer.from(LOOPED));
      await loop.sockSendall(connection, body);
      for (let left = length - body.length; left > 0; ) {
        const data = await loop.sockRecv(connection, 65_536);
        if (data.length === 0) return;
        await loop.sockSendall(connection, data);
        left -= data.length;
      }
    }
  } finally {
    connection.close();
  }
}

/** Sends every datagram back to its sender. */
export function datagramEchoServer(loop: Loop, sock: Socket): TestServer {
  const echoing = createTask(async () => {
    while (true) {
      const [data, address] = await loop.sockRecvfrom(sock, 65_536);
      await loop.sockSendto(sock, data, address as AddressInput);
    }
  });
  return {
    address: sock.getsockname() as AddressInput,
    stop: async () => {
      echoing.cancel();
      await Promise.allSettled([echoing]);
      sock.close();
    },
  };
}
