/** Sends what the socket takes to the port given, closes it, says how much it was, and ends. */
import * as socket from '../../../src/socket.ts';

const sock = socket.socket();
sock.connectEx(['127.0.0.1', Number(process.argv[2])]);
const connecting = setInterval(() => {}, 1000);
sock._endpoint.writer = {
  ready() {
    clearInterval(connecting);
    let total = 0;
    for (;;) {
      const nbytes = sock._endpoint.trySend(Buffer.alloc(65_536), 0);
      if (nbytes < 0) break;
      total += nbytes;
    }
    sock.close();
    console.log(String(total));
  },
};
