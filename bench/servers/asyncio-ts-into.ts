/** The same with sockRecvInto: each connection reuses its own buffer. */
import * as asyncio from 'asyncio-ts';
import type * as socket from 'asyncio-ts/socket';
import { serve } from './serve.ts';

const PIECE = 65_536;

const echo = asyncio.coroutine(async function echo(
  connection: socket.Socket,
  loop: asyncio.Loop,
): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(PIECE);
  let nbytes = await loop.sockRecvInto(connection, buffer);
  while (nbytes > 0) {
    await loop.sockSendall(connection, buffer.subarray(0, nbytes));
    nbytes = await loop.sockRecvInto(connection, buffer);
  }
  connection.close();
});

await asyncio.run(serve(echo));
