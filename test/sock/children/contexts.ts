/** Opens sockets inside an async context, and watches whether the store is kept. --expose-gc. */
import { AsyncLocalStorage } from 'node:async_hooks';
import * as socket from '../../../src/socket.ts';

const storage = new AsyncLocalStorage<object>();
const kept: socket.Socket[] = [];
const stores: WeakRef<object>[] = [];

function open(): void {
  const task = { name: 'a task' };
  stores.push(new WeakRef(task));
  storage.run(task, () => {
    const listener = socket.socket();
    listener.bind(['127.0.0.1', 0]);
    listener.listen();
    // Who takes a slot has tried before.
    listener._endpoint.tryAccept();
    const client = socket.socket();
    client.connectEx(listener.getsockname());
    const datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);
    datagrams.bind(['127.0.0.1', 0]);
    datagrams._endpoint.tryRecv(1);
    kept.push(listener, client, datagrams);
  });
}

function exchange(server: socket.Socket): void {
  const task = { name: 'another task' };
  stores.push(new WeakRef(task));
  storage.run(task, () => {
    server._endpoint.tryRecv(1);
    client._endpoint.tryRecv(1);
    // One that had to wait would keep the store until it is sent.
    server._endpoint.trySend(Buffer.from('x'), 0);
  });
}

open();
const [listener, client] = kept as [socket.Socket, socket.Socket];
let accepted = false;
listener._endpoint.reader = {
  ready() {
    const [server] = listener.accept();
    kept.push(server);
    exchange(server);
    accepted = true;
  },
};
let rounds = 0;
const collecting = setInterval(() => {
  globalThis.gc?.();
  rounds += 1;
  const gone = accepted && stores.every((store) => store.deref() === undefined);
  if (!gone && rounds < 100) return;
  clearInterval(collecting);
  console.log(gone ? 'gone' : 'kept');
  for (const sock of kept) sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1);
  process.exit(0);
}, 20);
