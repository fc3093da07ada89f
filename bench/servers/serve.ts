import * as asyncio from 'asyncio-ts';
import * as socket from 'asyncio-ts/socket';

const BACKLOG = 4096;

/** Accepts forever, and starts a task for each connection. */
export const serve: asyncio.CoroutineFunction<
  unknown,
  [echo: asyncio.CoroutineFunction<unknown, [socket.Socket, asyncio.Loop], void>],
  never
> = asyncio.coroutine(async function serve(
  echo: asyncio.CoroutineFunction<unknown, [socket.Socket, asyncio.Loop], void>,
): Promise<never> {
  const loop = asyncio.getRunningLoop();
  const serverSocket = socket.socket(socket.AF_INET, socket.SOCK_STREAM);
  serverSocket.setblocking(false);
  serverSocket.bind(['127.0.0.1', 0]);
  serverSocket.listen(BACKLOG);
  console.log(`listening on ${serverSocket.getsockname()}`);
  while (true) {
    const [connection] = await loop.sockAccept(serverSocket);
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1);
    asyncio.createTask(echo(connection, loop));
  }
});
