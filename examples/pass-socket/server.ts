/** Listens, and passes the listening socket to a child process, which serves on it. */
import { fileURLToPath } from 'node:url';
import * as asyncio from 'asyncio-ts';
import * as socket from 'asyncio-ts/socket';

const PORT = Number(process.env['PORT'] ?? 8000);
// The file next to this one, in TypeScript or compiled.
const WORKER = fileURLToPath(import.meta.url).replace(/server(?=\.\w+$)/, 'worker');

const main = asyncio.coroutine(async function main(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const [ours, theirs] = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, {
    driver: 'posix',
  });
  ours.setblocking(false);

  const args = [...process.execArgv, WORKER, String(theirs.fileno())];
  const child = await asyncio.createSubprocessExec(process.execPath, ...args, {
    passFds: [theirs.fileno()],
  });
  theirs.close();

  // The kernel passes a duplicate to the child. So the socket can be closed here, and still listens.
  const listener = socket.createServer(['127.0.0.1', PORT], { driver: 'posix' });
  socket.sendFds(ours, [Buffer.from('listener')], [listener.fileno()]);
  listener.close();

  console.log(String(await loop.sockRecv(ours, 100)));
  await child.wait();
});

await asyncio.run(main());
