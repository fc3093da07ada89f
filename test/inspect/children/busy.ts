// A program with a bit of everything, for the live page. `busy.ts N`: with N more tasks that sleep.
import * as asyncio from '../../../src/index.ts';

const jobs = new asyncio.Queue<number>(20);
const [left, right] = [new asyncio.Lock(), new asyncio.Lock()];
const HOSTILE = '<img src=x onerror="document.title=1">\u202e\n</script><script>alert(1)</script>';

async function handle(job: number): Promise<void> {
  await asyncio.sleep(0.02 * (1 + (job % 5)));
}

async function work(): Promise<void> {
  for (;;) await handle(await jobs.get());
}

async function produce(): Promise<void> {
  for (let job = 0; ; job += 1) {
    await jobs.put(job);
    await asyncio.sleep(0.05);
  }
}

async function transfer(from: asyncio.Lock, to: asyncio.Lock): Promise<void> {
  await from.with(async () => {
    await asyncio.sleep(0.1);
    await to.with(async () => {});
  });
}

async function request(): Promise<void> {
  await asyncio.sleep(0.2 + Math.random());
}

async function page(): Promise<void> {
  for (;;) await asyncio.gather(request(), request(), request());
}

async function slow(): Promise<void> {
  for (;;) {
    await asyncio.sleep(2);
    const end = performance.now() + 120;
    while (performance.now() < end);
  }
}

async function cancelled(): Promise<void> {
  for (;;) {
    const task = asyncio.createTask(() => asyncio.sleep(60), { name: 'impatient' });
    await asyncio.sleep(1.5);
    task.cancel();
  }
}

async function serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter): Promise<void> {
  for await (const line of reader) writer.write(line);
  writer.close();
}

async function client(port: number): Promise<void> {
  const [reader, writer] = await asyncio.openConnection('127.0.0.1', port);
  for (;;) {
    writer.write('ping\n');
    await reader.readline();
    await asyncio.sleep(0.5);
  }
}

await asyncio.run(async function main() {
  const server = await asyncio.startServer(serve, '127.0.0.1', 0);
  await asyncio.taskGroup((group) => {
    const start = (name: string, body: () => Promise<void>): void =>
      void group.createTask(body, { name });
    start('producer', produce);
    for (let at = 1; at <= 4; at += 1) start(`worker-${at}`, work);
    start('transfer-ann-bob', () => transfer(left, right));
    start('transfer-bob-ann', () => transfer(right, left));
    start('page', page);
    start('slow', slow);
    start('canceller', cancelled);
    start('fetching', async () => await new Promise<void>(() => {}));
    start(HOSTILE, () => asyncio.sleep(3600));
    for (let at = 1; at <= 3; at += 1) start(`client-${at}`, () => client(server.port as number));
    for (let at = 1; at <= Number(process.argv[2] ?? 0); at += 1)
      start(`many-${at}`, () => asyncio.sleep(3600));
    console.log('busy');
  });
});
