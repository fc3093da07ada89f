// TLS clients that go in the middle of the handshake, after each number of bytes and in each way; and between
// them fresh ones, who must be served. Then says what it saw. Plain Node.
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { delayed, sampleOf } from './accounts.mjs';
import { Line } from './line.mjs';

const [port, server, step] = process.argv.slice(2).map(Number);

/** How a client goes. */
const WAYS = {
  close: (socket) => socket.destroy(),
  reset: (socket) => socket.resetAndDestroy(),
  /** It only sends no more: the server must close. */
  halfClose: (socket) => socket.end(),
};
const VERSIONS = ['TLSv1.2', 'TLSv1.3'];
/** Milliseconds after a handshake within which the client's last bytes of it are sent. */
const REST_MS = 100;

async function connected() {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

function shake(line, version) {
  const options = { minVersion: version, maxVersion: version, rejectUnauthorized: false };
  const secure = connectTls({ ...options, socket: line });
  secure.on('error', () => {});
  return secure;
}

/** How many bytes a client sends to shake hands. */
async function whole(version) {
  const line = new Line(await connected());
  const secure = shake(line, version);
  await once(secure, 'secureConnect');
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  secure.destroy();
  return line.sent;
}

/** A client that goes after so many bytes; done when the connection is gone. */
async function goes(version, limit, cut) {
  const socket = await connected();
  const gone = new Promise((resolve) => socket.once('close', resolve));
  if (limit === 0) {
    socket.on('error', () => {}).resume();
    // The server's end is all that it waits for.
    socket.once('end', () => socket.destroy());
    cut(socket);
  } else {
    socket.once('end', () => socket.destroy());
    shake(new Line(socket, { limit, cut }), version);
  }
  await gone;
}

/** Serves itself, and says how long that took, without what the machine ran others meanwhile. */
async function isServed() {
  const before = sampleOf(server);
  const secure = shake(await connected(), 'TLSv1.3');
  secure.write('fresh');
  const [data] = await once(secure, 'data');
  if (String(data) !== 'fresh') throw new Error(`${data} came back`);
  secure.destroy();
  const now = sampleOf(server);
  return now.at - before.at - delayed(before, now);
}

// The first of all has the code compiled.
for (let n = 0; n < 5; n += 1) await isServed();
const sizes = {};
const times = [];
let cuts = 0;
for (const version of VERSIONS) {
  sizes[version] = await whole(version);
  for (let limit = 0; limit < sizes[version]; limit += step)
    for (const way of Object.values(WAYS)) {
      await goes(version, limit, way);
      cuts += 1;
      if (cuts % 3 === 0) times.push(await isServed());
    }
}
times.sort((a, b) => a - b);
const [half, most] = [times[Math.floor(times.length / 2)], times.at(-1)];
console.log(JSON.stringify({ sizes, cuts, fresh: times.length, half, most }));
