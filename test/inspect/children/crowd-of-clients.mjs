// crowd-of-clients.mjs PORT CLIENTS: they send a line in turn, a thousand a second in all; ends with its input.
import { connect } from 'node:net';

const [port, count] = process.argv.slice(2).map(Number);
const clients = [];
let answers = 0;
const add = async () => {
  const client = connect(port, '127.0.0.1');
  await new Promise((resolve, reject) => client.once('connect', resolve).once('error', reject));
  client.on('data', () => {
    answers += 1;
  });
  client.on('error', () => {});
  clients.push(client);
};
while (clients.length < count)
  await Promise.all(Array.from({ length: Math.min(100, count - clients.length) }, add));
let at = 0;
setInterval(() => {
  for (let sent = 0; sent < 10; sent += 1) clients[at++ % count].write('ping\n');
}, 10);
while (answers < count / 10) await new Promise((resolve) => setTimeout(resolve, 20));
console.log('under load');
process.stdin.resume().once('end', () => process.exit());
