/**
 * Measures how long after a task has failed, with nothing left that refers to it, the failure is
 * reported: here and in CPython, in an idle process and in a busy one. Prints a table
 * for docs/never-retrieved.md.
 *
 * node --import ./scripts/shipped.mjs scripts/measure-reports.ts [RUNS]
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as asyncio from 'asyncio-ts';
import * as socket from 'asyncio-ts/socket';

type Load = 'idle' | 'echoing';

const COUNTS = [1, 100, 10_000];
const LOADS: readonly Load[] = ['idle', 'echoing'];
/** Connections that send and receive 1,000 bytes as fast as they can. */
const CONNECTIONS = 10;
/** How long to wait for the last report, in seconds. */
const PATIENCE = 30;

/** Delays from failure to report, in milliseconds: median and maximum. */
interface Delays {
  readonly median: number;
  readonly max: number;
}

const [first, ...rest] = process.argv.slice(2);
if (first === 'one-run') await asyncio.run(() => oneRun(rest[0] as Load, Number(rest[1])));
else table(Number(first ?? 7));

// ---- the table ----------------------------------------------------------------------------------

function table(runs: number): void {
  const { model } = cpus()[0] ?? { model: 'an unknown processor' };
  const [python] = spawnSync('python3', ['--version'], { encoding: 'utf8' }).stdout.split('\n');
  console.log(
    `From failure to report, in milliseconds: the median of ${runs} runs, and the longest`,
  );
  console.log(`delay of all. Node ${process.version}, ${python}, ${cpus().length} × ${model}.\n`);
  console.log('| failures | process | asyncio-ts: median | longest | CPython: median | longest |');
  console.log('| ---: | --- | ---: | ---: | ---: | ---: |');
  for (const load of LOADS)
    for (const count of COUNTS) {
      const ours = many(
        runs,
        [process.execPath, ...process.execArgv, here('ts'), 'one-run'],
        load,
        count,
      );
      const theirs = many(runs, ['python3', here('py')], load, count);
      const cells = [digits(count), load, ...shown(ours), ...shown(theirs)];
      console.log(`| ${cells.join(' | ')} |`);
    }
}

function many(runs: number, command: string[], load: Load, count: number): Delays[] {
  return Array.from({ length: runs }, () => {
    const [program = '', ...args] = [...command, load, String(count)];
    const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (!stdout.startsWith('{'))
      throw new Error(`${command.join(' ')} ${load} ${count}: ${stderr}`);
    return JSON.parse(stdout) as Delays;
  });
}

function shown(runs: readonly Delays[]): [median: string, longest: string] {
  const medians = runs.map(({ median }) => median).sort((a, b) => a - b);
  return [
    milliseconds(medians[medians.length >> 1] ?? NaN),
    milliseconds(Math.max(...runs.map(({ max }) => max))),
  ];
}

function milliseconds(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}

function digits(count: number): string {
  return count.toLocaleString('en-US');
}

function here(extension: 'ts' | 'py'): string {
  return fileURLToPath(new URL(`measure-reports.${extension}`, import.meta.url));
}

// ---- one run ------------------------------------------------------------------------------------

async function oneRun(load: Load, count: number): Promise<void> {
  // tsx enables source maps, and each stack then costs 50 µs more than in a built program.
  process.setSourceMapsEnabled(false);
  const loop = asyncio.getRunningLoop();
  const failedAt: number[] = [];
  const delays: number[] = [];
  const all = loop.createFuture<void>();
  loop.setExceptionHandler((_loop, { future }) => {
    const n = Number(/name='lost-(\d+)'/.exec(String(future))?.[1]);
    delays.push(performance.now() - (failedAt[n] ?? NaN));
    if (delays.length === count) all.setResult();
  });
  const fails = asyncio.coroutine(async function fails(n: number): Promise<never> {
    await asyncio.sleep(0);
    failedAt[n] = performance.now();
    throw new Error('nobody asks for this');
  });

  const echoing = load === 'echoing' ? await startEcho() : [];
  await asyncio.sleep(0.5);
  for (let n = 0; n < count; n += 1) asyncio.createTask(fails(n), { name: `lost-${n}` });
  const end = loop.callLater(PATIENCE, () => all.setResult());
  await all;
  end.cancel();
  for (const task of echoing) task.cancel();
  await Promise.allSettled(echoing);

  if (delays.length !== count) throw new Error(`only ${delays.length} of ${count} were reported`);
  delays.sort((a, b) => a - b);
  console.log(JSON.stringify({ median: delays[count >> 1], max: delays[count - 1] }));
}

/** Connections inside the process, with a task at each end. */
async function startEcho(): Promise<asyncio.Task<void>[]> {
  const loop = asyncio.getRunningLoop();
  const listener = socket.socket();
  listener.bind(['127.0.0.1', 0]);
  listener.listen();
  const tasks: asyncio.Task<void>[] = [];
  for (let n = 0; n < CONNECTIONS; n += 1) {
    const client = socket.socket();
    await loop.sockConnect(client, listener.getsockname());
    const [server] = await loop.sockAccept(listener);
    const message = Buffer.alloc(1000, 'x');
    tasks.push(
      asyncio.createTask(() => passOn(loop, server, server)),
      asyncio.createTask(() => passOn(loop, client, client)),
    );
    await loop.sockSendall(client, message);
  }
  listener.close();
  return tasks;
}

async function passOn(loop: asyncio.Loop, from: socket.Socket, to: socket.Socket): Promise<void> {
  try {
    while (true) await loop.sockSendall(to, await loop.sockRecv(from, 65_536));
  } finally {
    from.close();
  }
}
