/** Echoes one connection's messages on the loop until it ends; says its port, and when it rests. */
import * as asyncio from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';

await asyncio.run(async () => {
  const loop = asyncio.getRunningLoop();
  const listener = socket.socket();
  listener.setblocking(false);
  listener.bind(['127.0.0.1', 0]);
  listener.listen();
  console.log(String(listener.getsockname()[1]));
  const [connection] = await loop.sockAccept(listener);
  for (;;) {
    const data = await loop.sockRecv(connection, 1024);
    if (data.length === 0) break;
    await loop.sockSendall(connection, data);
  }
});
