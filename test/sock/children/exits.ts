/** Ends the process with sockets open and tasks that wait on them. */
import * as asyncio from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';

await asyncio.run(async () => {
  const loop = asyncio.getRunningLoop();
  const [one, other] = socket.socketpair();
  asyncio.createTask(async () => await loop.sockRecv(one, 1));
  if (one.driver === 'posix') loop.addReader(other, () => {});
  await asyncio.sleep(0.01);
  process.exit(7);
});
