/**
 * Connects to ADDRESS, as JSON, on DRIVER, with TLS where CERT is given, writes three small pieces, and exits in
 * the same turn; with AFTER=stop when its loop has stopped.
 */
import * as asyncio from '../../../src/index.ts';
import { type AddressInput, AF_INET, AF_UNIX, type DriverName } from '../../../src/socket.ts';
import { stream } from '../../support/drivers.ts';

const { CERT, ADDRESS = '', DRIVER, AFTER } = process.env;
const address: AddressInput = JSON.parse(ADDRESS);
const secure = CERT === undefined ? {} : { ssl: { ca: CERT }, serverHostname: 'localhost' };
const loop = asyncio.newEventLoop();

const [transport] = await loop.runUntilComplete(async () => {
  const isPath = typeof address === 'string';
  const sock = stream(DRIVER as DriverName, isPath ? AF_UNIX : AF_INET);
  await loop.sockConnect(sock, address);
  const options = { ...secure, sock };
  const make = (): asyncio.Protocol => new asyncio.Protocol();
  return isPath
    ? loop.createUnixConnection(make, undefined, options)
    : loop.createConnection(make, undefined, undefined, options);
});

function writeAndExit(): void {
  for (let n = 0; n < 3; n += 1) transport.write(Buffer.from('small'));
  process.exit();
}

if (AFTER === 'stop') writeAndExit();
loop.callSoon(writeAndExit);
await loop.runForever();
