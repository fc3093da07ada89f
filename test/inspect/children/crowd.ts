// A server for many clients. On SIGUSR2 it says what it has open, and the longest time its loop was stopped since
// the last signal, in milliseconds, without the time in which the machine ran others.
import * as asyncio from '../../../src/index.ts';
import { accounts } from '../../support/cpu.ts';

async function echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter): Promise<void> {
  for (;;) {
    const line = await reader.readline();
    if (line.length === 0) break;
    messages += 1;
    writer.write(line);
  }
  writer.close();
}

let messages = 0;
let longest = 0;
/** How long the main thread has not been kept from running, in ms. */
const now = (): number => performance.now() - accounts(process.pid, process.pid).starved;
let last = now();
setInterval(() => {
  const next = now();
  longest = Math.max(longest, next - last);
  last = next;
}, 1);

await asyncio.run(async function main() {
  const server = await asyncio.startServer(echo, '127.0.0.1', 0, { backlog: 4096 });
  process.on('SIGUSR2', () => {
    const events = Object.fromEntries(
      process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    );
    const resources = process.getActiveResourcesInfo().filter((name) => !/Immediate/.test(name));
    const cpu = process.cpuUsage();
    console.log(
      JSON.stringify({ longest, messages, cpu: cpu.user + cpu.system, events, resources }),
    );
    longest = 0;
    last = now();
  });
  console.log(`port ${server.port}`);
  await server.serveForever();
});
