/** Listens, connects to itself, waits for bytes, and has nothing more to do. */
import * as socket from '../../../src/socket.ts';

const listener = socket.socket();
listener.bind(['127.0.0.1', 0]);
listener.listen();
// Who takes a slot has tried before.
listener._endpoint.tryAccept();
listener._endpoint.reader = {
  ready() {
    const [server] = listener.accept();
    server._endpoint.tryRecv(1);
    server._endpoint.reader = { ready: () => {} };
    console.log('waiting');
  },
};
const client = socket.socket();
client.connectEx(listener.getsockname());
// Long enough for the connection to come in; what keeps the process alive from then on?
let turns = 0;
const turn = (): void => {
  turns += 1;
  if (turns < 100) setImmediate(turn);
};
turn();
