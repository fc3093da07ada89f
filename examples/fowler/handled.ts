/** The bug handled where it happens: the failure is logged, and the connection is always closed. */
import * as asyncio from 'asyncio-ts';
import * as socket from 'asyncio-ts/socket';

const echo = asyncio.coroutine(async function echo(
  connection: socket.Socket,
  loop: asyncio.Loop,
): Promise<void> {
  try {
    let data: Uint8Array;
    while ((data = await loop.sockRecv(connection, 1024)).length > 0) {
      console.log('got data!');
      if (data.toString() === 'boom\r\n') throw new Error('Unexpected network error');
      await loop.sockSendall(connection, data);
    }
  } catch (error) {
    // A cancel is not a failure.
    if (!asyncio.isException(error)) throw error;
    console.error('ERROR:', error);
  } finally {
    connection.close();
  }
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
