// So many clients that connect and then are silent, or, every second of them, send a byte now and
// then. Says when all are there, and how many the server has given up. Plain Node.
import { connect } from 'node:net';

const [port, count, pace] = process.argv.slice(2).map(Number);

/** Connections that are made at a time. */
const ABREAST = 50;

const sockets = [];
let gone = 0;

function come() {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', resolve);
    socket.once('error', reject);
    // What is echoed is not kept.
    socket.resume();
    socket.on('error', () => {});
    socket.once('close', () => {
      gone += 1;
      if (gone === count) console.log('all are gone');
    });
    sockets.push(socket);
  });
}

while (sockets.length < count)
  await Promise.all(Array.from({ length: Math.min(ABREAST, count - sockets.length) }, come));
console.log('all are there');

// `pace` bytes a second, each from the next of those that send.
let next = 0;
if (pace > 0)
  setInterval(() => {
    sockets[next]?.write('x');
    next = (next + 2) % count;
  }, 1000 / pace);
