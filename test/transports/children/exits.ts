/**
 * Connects to PORT on DRIVER, with TLS where CERT is given, writes three small pieces, and exits in
 * the same turn; with AFTER=stop when its loop has stopped.
 */
import * as asyncio from '../../../src/index.ts';
import type { DriverName } from '../../../src/socket.ts';
import { stream } from '../../support/drivers.ts';

const { CERT, PORT, DRIVER, AFTER } = process.env;
const secure = CERT === undefined ? {} : { ssl: { ca: CERT }, serverHostname: 'localhost' };
const loop = asyncio.newEventLoop();

const [transport] = await loop.runUntilComplete(async () => {
  const sock = stream(DRIVER as DriverName);
  await loop.sockConnect(sock, ['127.0.0.1', Number(PORT)]);
  return loop.createConnection(() => new asyncio.Protocol(), undefined, undefined, {
    ...secure,
    sock,
  });
});

function writeAndExit(): void {
  for (let n = 0; n < 3; n += 1) transport.write(Buffer.from('small'));
  process.exit();
}

if (AFTER === 'stop') writeAndExit();
loop.callSoon(writeAndExit);
await loop.runForever();
