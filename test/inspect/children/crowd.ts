// A server for many clients. On SIGUSR2 it says what it has open, and how long its loop stood still at the longest since
// the last one, in milliseconds: by the clock, and by the CPU time that it took, which others cannot lengthen.
import * as asyncio from '../../../src/index.ts';

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
let longest = { clock: 0, cpu: 0 };
const now = (): { clock: number; cpu: number } => {
  const { user, system } = process.cpuUsage();
  return { clock: performance.now(), cpu: (user + system) / 1000 };
};
let last = now();
setInterval(() => {
  const { clock, cpu } = now();
  longest = {
    clock: Math.max(longest.clock, clock - last.clock),
    cpu: Math.max(longest.cpu, cpu - last.cpu),
  };
  last = { clock, cpu };
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
    longest = { clock: 0, cpu: 0 };
    last = now();
  });
  console.log(`port ${server.port}`);
  await server.serveForever();
});
