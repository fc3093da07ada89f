/** The server under test: an awaited sockRecv and an awaited sockSendall for each message. */
import * as asyncio from 'asyncio-ts';
import * as socket from 'asyncio-ts/socket';

const PIECE = 65_536;

const echo = asyncio.coroutine(async function echo(
  connection: socket.Socket,
  loop: asyncio.Loop,
): Promise<void> {
  let data = await loop.sockRecv(connection, PIECE);
  while (data.length > 0) {
    await loop.sockSendall(connection, data);
    data = await loop.sockRecv(connection, PIECE);
  }
  connection.close();
});

const main = asyncio.coroutine(async function main(): Promise<never> {
  const loop = asyncio.getRunningLoop();
  const serverSocket = socket.socket(socket.AF_INET, socket.SOCK_STREAM);
  serverSocket.setblocking(false);
  serverSocket.bind(['127.0.0.1', 0]);
  serverSocket.listen();
  console.log(`listening on ${serverSocket.getsockname()}`);
  while (true) {
    const [connection] = await loop.sockAccept(serverSocket);
    asyncio.createTask(echo(connection, loop));
  }
});

await asyncio.run(main());
