/** For comparison: the usual echo server in Node. */
import { type AddressInfo, createServer } from 'node:net';

const BACKLOG = 4096;

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', (data) => socket.write(data));
  // A client that resets ends its own connection, not the server.
  socket.on('error', () => socket.destroy());
});

server.listen(0, '127.0.0.1', BACKLOG, () => {
  const { address, port } = server.address() as AddressInfo;
  console.log(`listening on ('${address}', ${port})`);
});
