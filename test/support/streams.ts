/** For tests of streams: a server on a driver, and clients that connect to it. */
import * as asyncio from '../../src/index.ts';
import type { AddressInput, DriverName, Socket } from '../../src/socket.ts';
import { freshAddress, stream } from './drivers.ts';
import { settle } from './loop-behaviour.ts';

/** A server, and functions that connect to it. */
export interface Served {
  readonly server: asyncio.Server;
  /** Connects a client. */
  connect(options?: asyncio.StreamOptions & asyncio.TlsClientOptions): Promise<asyncio.Streams>;
  /** Connects a plain socket. */
  connectSocket(): Promise<Socket>;
}

/** Serves on a socket of a driver while the test uses it, and then closes everything. */
export async function serving(
  loop: asyncio.Loop,
  driver: DriverName,
  handler: asyncio.ClientConnected,
  use: (served: Served) => Promise<unknown>,
  options: asyncio.ServingOptions & asyncio.StreamServerOptions = {},
): Promise<void> {
  const sock = stream(driver);
  sock.bind(freshAddress(sock.family));
  const address = sock.getsockname() as AddressInput;
  const server = await asyncio.startServer(handler, undefined, undefined, { ...options, sock });
  const writers: asyncio.StreamWriter[] = [];
  try {
    const connectSocket = async (): Promise<Socket> => {
      const client = stream(driver);
      await loop.sockConnect(client, address);
      return client;
    };
    await use({
      server,
      connectSocket,
      connect: async (streamOptions) => {
        const client = await connectSocket();
        const streams = await asyncio.openConnection(undefined, undefined, {
          ...streamOptions,
          sock: client,
        });
        writers.push(streams[1]);
        return streams;
      },
    });
  } finally {
    server.close();
    server.abortClients();
    for (const writer of writers) writer.transport.abort();
    await server.waitClosed();
    await settle(loop, 5);
  }
}
