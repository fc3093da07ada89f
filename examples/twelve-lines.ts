/** The echo server of the README: cancellable, tracked tasks over non-blocking sockets. */
import * as asyncio from 'asyncio-ts';
import { type Socket, socket } from 'asyncio-ts/socket';

const echo = asyncio.coroutine(async function echo(client: Socket, loop: asyncio.Loop) {
  for (let data = await loop.sockRecv(client, 1024); data.length > 0; ) {
    await loop.sockSendall(client, data);
    data = await loop.sockRecv(client, 1024);
  }
  client.close();
});

await asyncio.run(async () => {
  const [loop, server] = [asyncio.getRunningLoop(), socket()];
  server.bind(['localhost', Number(process.env['PORT'] ?? 8000)]);
  server.listen();
  while (true) {
    const [client, address] = await loop.sockAccept(server);
    console.log(`Got a connection from ${address}`);
    asyncio.createTask(echo(client, loop));
  }
});
