import * as asyncio from '../index.ts';
import * as socket from '../socket.ts';
import { counted, Statistics } from './statistics.ts';

/** Options for an echo server. */
export interface EchoOptions {
  /** The address to listen on: numeric, `localhost`, or `''` for any. */
  readonly host: string;
  /** The port to listen on; 0 for any free port. */
  readonly port: number;
  /** How long clients may take to finish when the server stops, in seconds. */
  readonly grace: number;
  /** The driver of the sockets; by default that of new sockets. */
  readonly driver?: socket.DriverName | undefined;
  /** How to encrypt connections; by default they are not. Not for the sock style. */
  readonly ssl?: asyncio.TlsOptions | undefined;
  /** Share the port with other sockets that set this, each of which gets a part of the clients? */
  readonly reusePort?: boolean | undefined;
  /** Where to count; by default the counts are printed at the end. */
  readonly statistics?: Statistics | undefined;
  /** Called with the address it listens on; by default that is printed. */
  readonly onListening?: ((address: socket.Address) => void) | undefined;
  /** Called for each connection. */
  readonly onConnection?: ((line: string) => void) | undefined;
  /** Called with messages: where it listens, failures, what it waits for, the statistics. */
  readonly say: (line: string) => void;
}

/** The most bytes to receive at a time. */
export const PIECE = 65_536;

/** `struct linger`: on, for 0 seconds. */
const LINGER_NOT = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

/**
 * How many connections may wait to be accepted: Linux's default limit. With the usual 128, some of
 * two thousand clients that connect at once try again a second later.
 */
export const BACKLOG = 4096;

/**
 * Serves until the task is cancelled; then stops gracefully, and prints statistics.
 *
 * When stopping, it accepts no new connections. Open ones may finish within the grace period. After
 * that the rest are cancelled, and so closed, or reset if unsent data is left.
 *
 * @throws {OSError} when it cannot listen on the address
 * @throws {CancelledError} when the task was cancelled; everything is closed
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

/** The task of each client and the client's address. */
export type Clients = Map<asyncio.Future<unknown>, socket.Address>;

/** Creates the listening socket. */
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
 * Creates a non-blocking socket that can be bound while old connections are still closing. It names
 * TCP as its protocol, so that transports know that its connections use TCP, and disable Nagle's
 * algorithm. Otherwise an echo over TLS waits 40 ms for the client to acknowledge the session
 * tickets.
 */
export function socketFor({ host, driver }: Pick<EchoOptions, 'host' | 'driver'>): socket.Socket {
  const family = host.includes(':') ? socket.AF_INET6 : socket.AF_INET;
  const made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, { driver });
  made.setblocking(false);
  made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1);
  return made;
}

/** Accepts forever, and starts a task for each client. */
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
    // A cancel is not the client's fault: pass it on.
    if (!asyncio.isException(error)) throw error;
    say(`${address}: ${error}`);
  } finally {
    connection.close();
  }
});

/** Echoes until the client has finished sending. */
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
 * Makes close() reset the connection, so that a client that is cut off in the middle of a message
 * does not take it for the end.
 */
function resetWhenClosed(sock: Pick<socket.Socket, 'setsockopt'>): void {
  sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT);
}

/** Resets a connection, for the same reason, unless its socket is already closed. */
export function reset(transport: asyncio.Transport): void {
  const sock = transport.getExtraInfo('socket');
  if (sock !== undefined && sock.fileno() >= 0) resetWhenClosed(sock);
  transport.abort();
}

/** Waits up to the grace period for the remaining clients, then closes the rest. */
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
