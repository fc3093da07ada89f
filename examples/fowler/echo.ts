/** Listing 1: an echo server with the loop's socket methods, and a task for each client. */
import * as asyncio from 'asyncio-ts';
import * as socket from 'asyncio-ts/socket';

const echo = asyncio.coroutine(async function echo(
  connection: socket.Socket,
  loop: asyncio.Loop,
): Promise<void> {
  let data: Uint8Array;
  // Until the client has finished sending.
  while ((data = await loop.sockRecv(connection, 1024)).length > 0)
    await loop.sockSendall(connection, data);
});

const listenForConnection = asyncio.coroutine(async function listenForConnection(
  serverSocket: socket.Socket,
  loop: asyncio.Loop,
): Promise<never> {
  while (true) {
    const [connection, address] = await loop.sockAccept(serverSocket);
    connection.setblocking(false);
    console.log(`Got a connection from ${address}`);
    asyncio.createTask(echo(connection, loop));
  }
});

const main = asyncio.coroutine(async function main(): Promise<void> {
  const serverSocket = socket.socket(socket.AF_INET, socket.SOCK_STREAM);
  const serverAddress = ['localhost', Number(process.env['PORT'] ?? 8000)] as const;
  serverSocket.setblocking(false);
  serverSocket.bind(serverAddress);
  serverSocket.listen();

  await listenForConnection(serverSocket, asyncio.getEventLoop());
});

await asyncio.run(main());
