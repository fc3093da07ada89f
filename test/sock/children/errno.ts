// Plays sockets on a koffi whose reading of errno comes too late, or that shows no memory of C's; in a
// thread, too, whose errno is another.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker } from 'node:worker_threads';

const koffi = createRequire(import.meta.url)('koffi') as Record<string, unknown>;
const [how] = process.argv.slice(2);
const ECONNRESET = 104;
if (how === 'late') koffi['errno'] = () => ECONNRESET;
if (how === 'no view')
  koffi['view'] = () => {
    throw new Error('External buffers are not allowed');
  };

const { createTask, getRunningLoop, run, sleep } = await import('../../../src/index.ts');
const { socket, socketpair } = await import('../../../src/socket.ts');

/** Waits for something that would block. */
async function waiting<Result>(begin: () => PromiseLike<Result>): Promise<() => Promise<Result>> {
  const task = createTask(async () => await begin());
  await sleep(0);
  return async () => await task;
}

await run(async () => {
  const loop = getRunningLoop();
  const listener = socket();
  listener.bind(['127.0.0.1', 0]);
  listener.listen();
  const accepted = await waiting(() => loop.sockAccept(listener));
  const client = socket();
  await loop.sockConnect(client, listener.getsockname() as [string, number]);
  const [server] = await accepted();

  const received = await waiting(() => loop.sockRecv(server, 10));
  client.send(Buffer.from('bytes'));
  console.log(String(await received()));

  const size = 8_000_000;
  const sent = await waiting(() => loop.sockSendall(client, Buffer.alloc(size)));
  let taken = 0;
  while (taken < size) taken += (await loop.sockRecv(server, 1_000_000)).length;
  await sent();
  console.log(taken);

  const [one, other] = socketpair();
  const message = await waiting(() => loop.sockRecv(one, 10));
  other.send(Buffer.from('pair'));
  console.log(String(await message()));

  try {
    socket().connect(['127.0.0.1', 0]);
  } catch (error) {
    console.log((error as { code?: string }).code);
  }
  try {
    socket().getpeername();
  } catch (error) {
    console.log((error as { code?: string }).code);
  }
  for (const sock of [listener, client, server, one, other]) sock.close();
});

if (isMainThread) new Worker(fileURLToPath(import.meta.url), { argv: process.argv.slice(2) });
