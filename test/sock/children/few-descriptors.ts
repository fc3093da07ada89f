/** Echoes, with few descriptors; says its port, then every shortage and how urgent it was. */

import { onCollectionRequest } from '../../../src/base/collection-requests.ts';
import { BlockingIOError, OSError } from '../../../src/base/errors/os-errors.ts';
import * as socket from '../../../src/socket.ts';

process.stdin.on('end', () => process.exit()).resume();
let urgent = 0;
onCollectionRequest((hurry) => {
  if (hurry) urgent += 1;
});

const listener = socket.socket();
listener.bind(['127.0.0.1', 0]);
listener.listen();
const acceptor = { ready: acceptAll };
acceptAll();
console.log(`port ${listener.getsockname()[1]}`);

function acceptAll(): void {
  try {
    for (;;) {
      const [connection] = listener.accept();
      echo(connection);
    }
  } catch (error) {
    if (error instanceof BlockingIOError) {
      listener._endpoint.reader = acceptor;
      return;
    }
    if (!(error instanceof OSError)) throw error;
    console.log(`${error.code} ${urgent > 0 ? 'urgent' : 'calm'}`);
    // As asyncio does, though it rests for a second.
    setTimeout(acceptAll, 50);
  }
}

function echo(connection: socket.Socket): void {
  const endpoint = connection._endpoint;
  const reader = {
    ready() {
      try {
        const data = endpoint.tryRecv(1024);
        if (data === undefined) endpoint.reader = reader;
        else if (data.length === 0) connection.close();
        else {
          endpoint.trySend(data, 0);
          endpoint.reader = reader;
        }
      } catch (error) {
        if (!(error instanceof OSError)) throw error;
        connection.close();
      }
    },
  };
  reader.ready();
}
