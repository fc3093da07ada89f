import * as asyncio from '../index.ts';
import { BACKLOG, type Clients, type EchoOptions, listenOn, PIECE, reset } from './echo-sock.ts';
import { serveUntilCancelled } from './serve-until-cancelled.ts';
import { Statistics } from './statistics.ts';

/**
 * Like `serveEcho()`, with streams: a reader and a writer for each client.
 *
 * @throws {OSError} when it cannot listen on the address
 * @throws {CancelledError} when the task was cancelled; everything is closed
 */
export const serveEchoOnStreams: asyncio.CoroutineFunction<unknown, [EchoOptions], never> =
  asyncio.coroutine(async function serveEchoOnStreams(options: EchoOptions): Promise<never> {
    const loop = asyncio.getRunningLoop();
    const statistics = options.statistics ?? new Statistics(loop.time());
    const clients: Clients = new Map();
    const sock = listenOn(options);
    const server = await asyncio.startServer(
      (reader, writer) => serveClient(reader, writer, clients, statistics, options),
      undefined,
      undefined,
      { sock, backlog: BACKLOG, ssl: options.ssl },
    );
    return await serveUntilCancelled(server, sock, clients, statistics, options);
  });

/** Serves one client; the connection is closed when this ends. */
const serveClient = asyncio.coroutine(async function serveClient(
  reader: asyncio.StreamReader,
  writer: asyncio.StreamWriter,
  clients: Clients,
  statistics: Statistics,
  { say, onConnection }: EchoOptions,
): Promise<void> {
  const task = asyncio.currentTask() as asyncio.Task<unknown>;
  const address = writer.getExtraInfo('peername') ?? '';
  statistics.accepted();
  clients.set(task, address);
  task.addDoneCallback(() => clients.delete(task));
  onConnection?.(`got a connection from ${address}`);
  try {
    await echo(reader, writer, statistics);
  } catch (error) {
    if (asyncio.isException(error)) return say(`${address}: ${error}`);
    // A cancel is not the client's fault: pass it on. Bytes that arrive from now on stay in the
    // system, which resets a connection that is closed with unread bytes.
    writer.transport.pauseReading();
    if (writer.transport.getWriteBufferSize() > 0 || (await hasMore(reader)))
      reset(writer.transport);
    throw error;
  }
});

/** Are there unread bytes? Takes one of them. */
async function hasMore(reader: asyncio.StreamReader): Promise<boolean> {
  try {
    const data = await asyncio.timeout(0, () => reader.read(1));
    return data.length > 0;
  } catch (error) {
    // Nothing has arrived, or the client has broken the connection.
    if (error instanceof asyncio.OSError) return false;
    throw error;
  }
}

/** Echoes until the client has finished sending. */
async function echo(
  reader: asyncio.StreamReader,
  writer: asyncio.StreamWriter,
  statistics: Statistics,
): Promise<void> {
  while (true) {
    const data = await reader.read(PIECE);
    if (data.length === 0) return;
    writer.write(data);
    await writer.drain();
    statistics.echoed(data.length);
  }
}
