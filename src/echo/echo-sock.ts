import * as asyncio from '../index.ts';
import * as socket from '../socket.ts';
import { counted, Statistics } from './statistics.ts';

/** How an echo server is to serve. */
export interface EchoOptions {
  /** The address to listen on: a number, `localhost`, or `''` for any. */
  readonly host: string;
  /** The port to listen on; 0 for any that is free. */
  readonly port: number;
  /** Seconds that clients get to finish when the server stops. */
  readonly grace: number;
  /** How sockets are made; else as for any socket. */
  readonly driver?: socket.DriverName | undefined;
  /** How connections are encrypted; they are not if left out. The sock style has no encryption. */
  readonly ssl?: asyncio.TlsOptions | undefined;
  /** Is the port shared with other sockets that say so, each of which gets a part of the clients? */
  readonly reusePort?: boolean | undefined;
  /** Where to count; left out, what was counted is said at the end. */
  readonly statistics?: Statistics | undefined;
  /** Told where it listens; left out, that is said. */
  readonly onListening?: ((address: socket.Address) => void) | undefined;
  /** Told of each connection; left out, nobody is. */
  readonly onConnection?: ((line: string) => void) | undefined;
  /** Told what went on: where it listens, what failed, what is waited for, the statistics. */
  readonly say: (line: string) => void;
}

/** The most bytes that are received in one piece. */
export const PIECE = 65_536;

/** `struct linger`: on, for 0 seconds. */
const LINGER_NOT = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

/**
 * Connections that may wait to be accepted: Linux has no more by default. With the usual 128, some
 * of two thousand clients that come at once try again, a second later.
 */
export const BACKLOG = 4096;

/**
 * Serves until the task is cancelled; then stops gracefully, and says what was done.
 *
 * Stopping: no new connections; those that are open get the grace period to finish; what is
 * left after that is cancelled, and so closed, or reset where not all is sent.
 *
 * @throws {OSError} when the address cannot be listened on
 * @throws {CancelledError} when the task was cancelled, and everything is closed
 */
export const serveEcho: asyncio.CoroutineFunction<unknown, [EchoOptions], never> =
  asyncio.coroutine(async function serveEcho(options: EchoOptions): Promise<never> {
    const loop = asyncio.getRunningLoop();
    const statistics = options.statistics ?? new Statistics(loop.time());
    const clients: Clients = new Map();
    const serverSocket = listenOn(options);
    const address = serverSocket.getsockname();
    if (options.onListening !== undefined) options.onListening(address);
    else options.say(`listening on ${address}; Ctrl-C stops`);
    try {
      return await listenForConnection(serverSocket, clients, statistics, options);
    } finally {
      serverSocket.close();
      await letFinish(clients, options);
      if (options.statistics === undefined) options.say(statistics.summary(loop.time()));
    }
  });

/** What serves each client, with the client's address: what makes them "tracked". */
export type Clients = Map<asyncio.Future<unknown>, socket.Address>;

/** A socket that listens where it is wanted. */
export function listenOn(options: EchoOptions): socket.Socket {
  const serverSocket = socketFor(options);
  try {
    if (options.reusePort) serverSocket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1);
    serverSocket.bind([options.host, options.port]);
    serverSocket.listen(BACKLOG);
  } catch (error) {
    serverSocket.close();
    throw error;
  }
  return serverSocket;
}

/**
 * A non-blocking socket, to be bound to the host even where connections of before are still closing. It is
 * one of TCP by name: so transports know that of its connections, and have what is written sent at once.
 * Else an echo through TLS waits, for 40 ms, until the client has acknowledged the session's tickets.
 */
export function socketFor({ host, driver }: Pick<EchoOptions, 'host' | 'driver'>): socket.Socket {
  const family = host.includes(':') ? socket.AF_INET6 : socket.AF_INET;
  const made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, { driver });
  made.setblocking(false);
  made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1);
  return made;
}

/** Accepts for ever, and starts a task for each client. */
const listenForConnection = asyncio.coroutine(async function listenForConnection(
  serverSocket: socket.Socket,
  clients: Clients,
  statistics: Statistics,
  { say, onConnection }: EchoOptions,
): Promise<never> {
  const loop = asyncio.getRunningLoop();
  while (true) {
    const [connection, address] = await loop.sockAccept(serverSocket);
    statistics.accepted();
    onConnection?.(`got a connection from ${address}`);
    const task = asyncio.createTask(serveClient(connection, address, statistics, say));
    clients.set(task, address);
    task.addDoneCallback(() => clients.delete(task));
  }
});

/** Serves one client, and closes its connection whatever happens. */
const serveClient = asyncio.coroutine(async function serveClient(
  connection: socket.Socket,
  address: socket.Address,
  statistics: Statistics,
  say: EchoOptions['say'],
): Promise<void> {
  try {
    await echo(connection, statistics);
  } catch (error) {
    // A cancel is no failure of the client's: it goes on its way.
    if (!asyncio.isException(error)) throw error;
    say(`${address}: ${error}`);
  } finally {
    connection.close();
  }
});

/** Sends back what comes, until the client has finished sending. */
async function echo(connection: socket.Socket, statistics: Statistics): Promise<void> {
  const loop = asyncio.getRunningLoop();
  while (true) {
    const data = await loop.sockRecv(connection, PIECE);
    if (data.length === 0) return;
    try {
      await loop.sockSendall(connection, data);
    } catch (error) {
      if (!asyncio.isException(error)) resetWhenClosed(connection);
      throw error;
    }
    statistics.echoed(data.length);
  }
}

/**
 * Has a connection reset when it is closed: whoever is cut off in the middle of what is sent to it
 * must not take that for the end.
 */
function resetWhenClosed(sock: Pick<socket.Socket, 'setsockopt'>): void {
  sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT);
}

/** Resets a connection, for the same reason. */
export function reset(transport: asyncio.Transport): void {
  const sock = transport.getExtraInfo('socket');
  if (sock !== undefined) resetWhenClosed(sock);
  transport.abort();
}

/** Waits for the clients that are left, as long as the grace period lasts; then closes the rest. */
export async function letFinish(clients: Clients, { grace, say }: EchoOptions): Promise<void> {
  try {
    if (clients.size > 0 && grace > 0) {
      say(`stopping: waiting up to ${grace} s for ${whoIsLeft(clients)}`);
      await asyncio.wait(clients.keys(), { timeout: grace });
    }
  } finally {
    if (clients.size > 0) {
      say(`closing ${counted(clients.size, 'connection')}`);
      for (const client of clients.keys()) client.cancel();
      await allEnded(clients);
    }
  }
}

async function allEnded(clients: Clients): Promise<void> {
  await Promise.allSettled(clients.keys());
}

function whoIsLeft(clients: Clients): string {
  const shown = [...clients.values()].slice(0, 3).map(String);
  if (clients.size > shown.length) shown.push('…');
  return `${counted(clients.size, 'connection')}: ${shown.join(', ')}`;
}
