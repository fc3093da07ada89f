/** The server under test: an awaited sockRecv and an awaited sockSendall for each message. */
import * as asyncio from 'asyncio-ts';
import type * as socket from 'asyncio-ts/socket';
import { serve } from './serve.ts';

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

await asyncio.run(serve(echo));
