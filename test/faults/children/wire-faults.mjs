// Clients that go wrong in every way, each kind over and over, until SIGTERM; then says how many
// there were of each. What an echo owes them in spite of it is compared. With `tls`, they go wrong in
// and under it. Plain Node.
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Line } from './line.mjs';

const port = Number(process.argv[2]);
const isEncrypted = process.argv[3] === 'tls';
/** Of each kind, at any time; of those that stall one, for it is many messages. */
const ABREAST = 3;
/**
 * A client rests so long before the next one comes, in ms. A handshake costs a server what ten clients
 * without do: with TLS, more at a time would be too many for it, and not faults.
 */
const REST_MS = isEncrypted ? 80 : 10;
/** How long one that stalls does so, in ms. */
const STALL_MS = 200;
/** More bytes than a client sends to shake hands. */
const HANDSHAKE = 400;

const counts = { reset: 0, halfClose: 0, byByte: 0, stall: 0, earlyClose: 0 };
if (isEncrypted) counts.cut = 0;
let stopped = false;

function connected() {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/** Encrypts; the handshake begins, through a line that can fail. */
function encrypted(socket, how) {
  const secure = connectTls({ socket: new Line(socket, how), rejectUnauthorized: false });
  secure.on('error', () => {});
  return secure;
}

/** What a kind talks through. Those who send byte by byte do so from the first of the handshake. */
function talking(kind, socket) {
  if (!isEncrypted || kind === 'cut') return socket;
  return encrypted(socket, { piece: kind === 'byByte' ? 1 : Infinity });
}

/** All that comes until the end, or until `nbytes` bytes are there. */
function received(socket, nbytes = Number.POSITIVE_INFINITY) {
  return new Promise((resolve) => {
    const pieces = [];
    let size = 0;
    const done = () => {
      socket.off('data', more).off('end', done).off('close', done);
      resolve(Buffer.concat(pieces));
    };
    const more = (data) => {
      pieces.push(data);
      size += data.length;
      if (size >= nbytes) done();
    };
    socket.on('data', more);
    socket.once('end', done);
    socket.once('close', done);
  });
}

/** Who ends TLS ends both ways: what did not come back by then is not owed. */
function expectStart(kind, data, expected) {
  expect(kind, data, expected.subarray(0, isEncrypted ? data.length : undefined));
}

function expect(kind, data, expected) {
  if (data.equals(expected)) return;
  console.error(`${kind}: ${data.length} bytes came back of ${expected.length}, or others`);
}

const KINDS = {
  /** Sends much, receives nothing, and resets the connection somewhere in between. */
  async reset(socket, wire) {
    socket.pause();
    socket.write(Buffer.alloc(300_000 * Math.random()));
    await pass(20 * Math.random());
    wire.resetAndDestroy();
  },

  /** Says that this was all, before anything came back. */
  async halfClose(socket) {
    const data = Buffer.alloc(50_000, `half-close ${counts.halfClose} `);
    const back = received(socket);
    socket.end(data);
    expectStart('half-close', await back, data);
  },

  /** One byte at a time. */
  async byByte(socket) {
    for (const byte of Buffer.from('one byte at a time')) {
      const back = received(socket, 1);
      socket.write(Uint8Array.of(byte));
      expect('one byte at a time', await back, Buffer.of(byte));
    }
  },

  /** Sends more than buffers hold and receives nothing for a while; then all of it. */
  async stall(socket) {
    const data = Buffer.alloc(8_000_000, `stall ${counts.stall} `);
    socket.pause();
    socket.write(data);
    await pass(STALL_MS);
    const back = received(socket, data.length);
    socket.resume();
    expect('stall', await back, data);
  },

  /** Goes at once, or after what it said, without waiting for an answer. */
  async earlyClose(socket) {
    if (Math.random() < 0.5) socket.write('and gone');
    if (Math.random() < 0.5) await pass(2 * Math.random());
  },

  /** Goes at some byte of the handshake, or soon after it; at once or late, in one way or another. */
  async cut(socket) {
    const limit = Math.ceil(HANDSHAKE * Math.random());
    const isLate = Math.random() < 0.2;
    const gone = new Promise((resolve) => socket.once('close', resolve));
    const go = async () => {
      if (isLate) await pass(STALL_MS);
      const way = Math.random();
      if (way < 0.3) socket.resetAndDestroy();
      else if (way < 0.6) socket.destroy();
      // The server closes.
      else socket.end();
    };
    socket.once('end', () => socket.destroy());
    encrypted(socket, { limit, cut: go }).write('what comes after the handshake'.repeat(4));
    await gone;
  },
};

async function repeat(kind) {
  while (!stopped) {
    const wire = await connected();
    const socket = talking(kind, wire);
    await KINDS[kind](socket, wire);
    counts[kind] += 1;
    socket.destroy();
    wire.destroy();
    await pass(REST_MS);
  }
}

async function pass(ms) {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

process.once('SIGTERM', () => {
  stopped = true;
});
console.log('begins');
const kinds = Object.keys(counts);
await Promise.all(
  kinds.flatMap((kind) =>
    Array.from({ length: kind === 'stall' ? 1 : ABREAST }, () => repeat(kind)),
  ),
);
console.log(JSON.stringify(counts));
