/** Accepts a connection, forgets it, collects, and says what happened. Run with --expose-gc. */
import { showResourceWarnings } from '../../../src/base/log/warnings.ts';
import * as socket from '../../../src/socket.ts';

showResourceWarnings(true);
process.removeAllListeners('warning');
process.on('warning', ({ name, message }) => console.log(`${name}: ${message}`));

const listener = socket.socket();
listener.bind(['127.0.0.1', 0]);
listener.listen();
// Who takes a slot has tried before.
listener._endpoint.tryAccept();
const client = socket.socket();
client.connectEx(listener.getsockname());
listener._endpoint.reader = { ready: acceptAndForget };
client._endpoint.writer = { ready: ended };
const collecting = setInterval(() => globalThis.gc?.(), 20);

function acceptAndForget(): void {
  const [server] = listener.accept();
  // It has read, so that its handle is active and a root of the collection.
  server._endpoint.tryRecv(1);
}

function ended(): void {
  const data = client._endpoint.tryRecv(1);
  if (data === undefined) {
    client._endpoint.reader = { ready: ended };
    return;
  }
  console.log(`the peer sees ${data.length} bytes`);
  clearInterval(collecting);
  client.close();
  listener.close();
}
