/**
 * The server of a soak: the echo server of the command, and a task that cancels those of its clients
 * at random. Each second it writes how many tasks there are and how many it has cancelled.
 */
import { serveEcho } from '../../src/echo/echo-sock.ts';
import { Statistics } from '../../src/echo/statistics.ts';
import * as asyncio from '../../src/index.ts';

/** Cancels per second. */
const CANCELS = 10;

/** What a client that resets makes the server say, wherever it then is. */
const EXPECTED = /: (ConnectionResetError|BrokenPipeError): /;

const deadline = Number(process.argv[2]);
let cancelled = 0;

const cancels = asyncio.coroutine(async function cancels(): Promise<never> {
  while (true) {
    await asyncio.sleep(1 / CANCELS);
    const serving = [...asyncio.allTasks()].filter((task) => /serveClient\(\)/.test(String(task)));
    const one = serving[Math.floor(Math.random() * serving.length)];
    if (one?.cancel()) cancelled += 1;
  }
});

const reports = asyncio.coroutine(async function reports(): Promise<never> {
  while (true) {
    console.log(JSON.stringify({ tasks: asyncio.allTasks().size, cancelled }));
    await asyncio.sleep(1);
  }
});

function say(line: string): void {
  if (/^(listening|closing)/.test(line)) console.log(line);
  else if (!EXPECTED.test(line)) console.error(line);
}

await asyncio.run(async () => {
  const loop = asyncio.getRunningLoop();
  const server = asyncio.createTask(
    serveEcho({ host: '127.0.0.1', port: 0, grace: 0, say, statistics: new Statistics(0) }),
  );
  const beside = [asyncio.createTask(cancels()), asyncio.createTask(reports())];
  loop.addSignalHandler('SIGTERM', () => server.cancel());
  // Whoever started it may be gone.
  loop.callLater(deadline, () => server.cancel());
  try {
    await server;
  } catch (error) {
    if (!(error instanceof asyncio.CancelledError)) throw error;
  }
  for (const task of beside) task.cancel();
});
