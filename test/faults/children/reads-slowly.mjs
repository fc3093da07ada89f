// Reads all that a server sends, in bursts with rests between them, and says what it was. Plain
// Node: what is tested must not read for itself.
import { createHash } from 'node:crypto';
import { connect } from 'node:net';

/** Bytes after which it rests, and for how long, in ms. */
const BURST = 2_000_000;
const REST_MS = 10;

const hash = createHash('sha256');
let size = 0;
let burst = 0;
const socket = connect(Number(process.argv[2]), '127.0.0.1');
socket.on('data', (data) => {
  hash.update(data);
  size += data.length;
  burst += data.length;
  if (burst < BURST) return;
  burst = 0;
  socket.pause();
  setTimeout(() => socket.resume(), REST_MS);
});
socket.once('end', () => console.log(JSON.stringify({ size, digest: hash.digest('hex') })));
