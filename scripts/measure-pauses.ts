/**
 * Measures what a lost failure costs a program with a large heap: how long the program pauses, and
 * how long after the failure it is reported. Prints a table for docs/never-retrieved.md.
 *
 * node --import ./scripts/shipped.mjs scripts/measure-pauses.ts [RUNS]
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as asyncio from 'asyncio-ts';

/** The size of the heap, in megabytes of small objects. */
const SIZES = [0, 100, 400, 800, 2400];
/** What collects garbage: nothing, `gc()`, or the library. */
const MODES = ['nothing', 'gc', 'library'] as const;
type Mode = (typeof MODES)[number];

/** How long to wait for a report, in seconds. */
const PATIENCE = 30;
/** How long to watch if there is no report, in seconds. */
const WATCHED = 3;

interface Measured {
  readonly heap: number;
  /** The longest time without a timer callback, in milliseconds. */
  readonly pause: number;
  readonly report: number | undefined;
}

const [first, ...rest] = process.argv.slice(2);
if (first === 'one-run') await asyncio.run(() => oneRun(Number(rest[0]), rest[1] as Mode));
else table(Number(first ?? 3));

// ---- the table ----------------------------------------------------------------------------------

function table(runs: number): void {
  const { model } = cpus()[0] ?? { model: 'an unknown processor' };
  console.log(`In milliseconds: the median of ${runs} runs. Node ${process.version},`);
  console.log(`${cpus().length} × ${model}.\n`);
  console.log('| heap, MB | pause: nothing lost | `gc()` | lost failure | until its report |');
  console.log('| ---: | ---: | ---: | ---: | ---: |');
  for (const size of SIZES) {
    const measured = MODES.map((mode) => Array.from({ length: runs }, () => measure(size, mode)));
    const pauses = measured.map((each) => shown(each.map(({ pause }) => pause)));
    const last = measured.at(-1) ?? [];
    const report = shown(last.map(({ report }) => report ?? Number.NaN));
    const heap = shown(last.map((each) => each.heap));
    console.log(`| ${[heap, ...pauses, report].join(' | ')} |`);
  }
}

function measure(size: number, mode: Mode): Measured {
  const args = ['--max-old-space-size=6000', ...process.execArgv, fileURLToPath(import.meta.url)];
  args.push('one-run', String(size), mode);
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (!stdout.startsWith('{')) throw new Error(`${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout) as Measured;
}

function shown(values: readonly number[]): string {
  return (values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN).toFixed(0);
}

// ---- one run ------------------------------------------------------------------------------------

async function oneRun(size: number, mode: Mode): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const loop = asyncio.getRunningLoop();
  const ballast: object[] = [];
  const heap = (): number => getHeapStatistics().used_heap_size / 1e6;
  while (heap() < size) {
    ballast.push(Array.from({ length: 10_000 }, (_, n) => ({ n, inner: { text: `text ${n}` } })));
    await asyncio.sleep(0);
  }
  // The final result of V8's own collections.
  gc();
  await asyncio.sleep(1);

  const reported = loop.createFuture<void>();
  loop.setExceptionHandler(() => reported.setResult());
  const begin = performance.now();
  let last = begin;
  let pause = 0;
  const watch = setInterval(() => {
    const now = performance.now();
    pause = Math.max(pause, now - last - 1);
    last = now;
  }, 1);
  const fails = asyncio.coroutine(async function fails(): Promise<never> {
    throw new Error('nobody asks for this');
  });
  let report: number | undefined;
  if (mode === 'library') {
    asyncio.createTask(fails());
    await asyncio.timeout(PATIENCE, () => reported);
    report = performance.now() - begin;
  } else {
    if (mode === 'gc') gc();
    await asyncio.sleep(WATCHED);
  }
  clearInterval(watch);
  console.log(JSON.stringify({ heap: heap(), pause, report, ballast: ballast.length }));
}
