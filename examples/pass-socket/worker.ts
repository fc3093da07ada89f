/** The child process of server.ts: takes a listening socket from its parent, and serves on it. */
import * as asyncio from 'asyncio-ts';
import * as socket from 'asyncio-ts/socket';

/** Waits for descriptors. This works for any `recvmsg()`. */
export const receivedFds = asyncio.coroutine(async function receivedFds(
  sock: socket.Socket,
  maxfds: number,
): Promise<number[]> {
  const loop = asyncio.getRunningLoop();
  for (;;) {
    try {
      const [, fds] = socket.recvFds(sock, 100, maxfds);
      return fds;
    } catch (error) {
      if (!(error instanceof asyncio.BlockingIOError)) throw error;
    }
    const readable = loop.createFuture<void>();
    loop.addReader(sock, () => readable.done() || readable.setResult(undefined));
    try {
      await readable;
    } finally {
      loop.removeReader(sock);
    }
  }
});

const main = asyncio.coroutine(async function main(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const parent = socket.socket(-1, -1, -1, { fileno: Number(process.argv[2]), driver: 'posix' });
  parent.setblocking(false);
  const [fileno] = await receivedFds(parent, 1);
  if (fileno === undefined) throw new Error('the parent sent no descriptor');

  const handle = async (
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
  ): Promise<void> => {
    for await (const line of reader) writer.write(`${process.pid}: ${line}`);
    writer.close();
  };
  const listener = socket.socket(-1, -1, -1, { fileno, driver: 'posix' });
  listener.setblocking(false);
  await using _server = await asyncio.startServer(handle, undefined, undefined, { sock: listener });
  await loop.sockSendall(parent, Buffer.from(`process ${process.pid} serves`));
  // Serves until the parent has ended.
  await loop.sockRecv(parent, 1);
});

await asyncio.run(main());
