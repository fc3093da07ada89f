// npm run check -- --speed: fails if a frequent operation costs much more than
// it used to, in the package as shipped. Takes three seconds.
//
// Costs are relative to that of plain promises, measured alternately in the same process.
// So they are valid on other machines and all Nodes: the ratios differ by a sixth. They are
// CPU times, the mean of the cheaper rounds, and the best of three processes, so that neither other
// programs nor an unlucky compilation can make it fail. The cheapest round alone would not do: it
// may contain no garbage collection.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureBuilt, root } from './ready.mjs';

/** The usual cost of each operation relative to the yardstick; the middle of Node 20 to 26. */
const USUAL = {
  'sleep(0)': 2.6,
  'free lock': 0.85,
  'lock handed over': 4.3,
  'queue with an item': 0.9,
  'queue item handed over': 10,
  'await createTask()': 7.7,
  'gather(), each': 4.7,
  'timeout()': 10.5,
  cancel: 60,
};
/** How many times the usual cost is too much. */
const TOO_MUCH = 1.4;
const PROCESSES = 3;

const ROUNDS = 60;
const WARM_UP = 15;
/** The share of the rounds that counts. */
const CHEAPER = 0.7;

if (process.argv.includes('--measure')) console.log(JSON.stringify(await measure()));
else {
  ensureBuilt();
  process.exitCode = isAsUsual() ? 0 : 1;
}

/** Measures in separate processes, until one finds all costs as usual. */
function isAsUsual() {
  const least = {};
  for (let left = PROCESSES; left > 0; left -= 1) {
    const args = [fileURLToPath(import.meta.url), '--measure'];
    const { stdout, status } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) return false;
    for (const [name, ratio] of Object.entries(JSON.parse(stdout)))
      least[name] = Math.min(ratio, least[name] ?? ratio);
    if (Object.keys(USUAL).every((name) => least[name] <= USUAL[name] * TOO_MUCH)) return true;
  }
  console.log('Costs, in terms of plain promises (scripts/speed.mjs):');
  for (const [name, usual] of Object.entries(USUAL)) {
    const verdict = least[name] <= usual * TOO_MUCH ? '' : ' TOO MUCH';
    console.log(`${name}: ${least[name].toFixed(1)}, usually ${usual}${verdict}`);
  }
  return false;
}

/** The cost of each operation relative to the yardstick, in this process. */
async function measure() {
  const asyncio = await import(pathToFileURL(path.join(root, 'dist', 'index.js')).href);
  const { cancel, ...others } = operationsOf(asyncio);
  const rounds = {};
  // The first cancel of a process makes everything else slightly slower, so it comes last.
  for (const operations of [others, { cancel }])
    for (let round = -WARM_UP; round < ROUNDS; round += 1) {
      const costs = { yardstick: await costOf(8000, yardstick) };
      await asyncio.run(async () => {
        for (const [name, [count, act]] of Object.entries(operations))
          costs[name] = await costOf(count, act);
      });
      // Then promises are no longer tracked, which would slow down the yardstick.
      for (const _ of [1, 2]) await new Promise((resolve) => setImmediate(resolve));
      if (round < 0) continue;
      for (const [name, cost] of Object.entries(costs)) {
        rounds[name] ??= [];
        rounds[name].push(cost);
      }
    }
  const unit = cheaper(rounds.yardstick);
  const names = Object.keys(USUAL);
  return Object.fromEntries(names.map((name) => [name, cheaper(rounds[name]) / unit]));
}

/** The mean of the cheaper ones. */
function cheaper(costs) {
  const kept = costs.sort((a, b) => a - b).slice(0, Math.ceil(costs.length * CHEAPER));
  return kept.reduce((sum, cost) => sum + cost) / kept.length;
}

/** The operations: how often each is done in a round, and a function that does it so often. */
function operationsOf(asyncio) {
  const nothing = asyncio.coroutine(async function nothing() {});
  const sleeps = asyncio.coroutine(async function sleeps() {
    await asyncio.sleep(10);
  });
  const worker = asyncio.coroutine(async function worker(lock, count) {
    for (let n = 0; n < count; n += 1) {
      await lock.acquire();
      lock.release();
    }
  });
  const producer = asyncio.coroutine(async function producer(queue, count) {
    for (let n = 0; n < count; n += 1) await queue.put(n);
  });

  return {
    'sleep(0)': [3000, repeated(() => asyncio.sleep(0))],
    'free lock': [
      10_000,
      async (count) => {
        const lock = new asyncio.Lock();
        for (let n = 0; n < count; n += 1) {
          await lock.acquire();
          lock.release();
        }
      },
    ],
    'lock handed over': [
      2000,
      async (count) => {
        const lock = new asyncio.Lock();
        await lock.acquire();
        const workers = [1, 2].map(() => asyncio.createTask(worker(lock, count / 2)));
        await asyncio.sleep(0);
        lock.release();
        for (const each of workers) await each;
      },
    ],
    'queue with an item': [
      10_000,
      async (count) => {
        const queue = new asyncio.Queue();
        for (let n = 0; n < count; n += 1) {
          queue.putNowait(n);
          await queue.get();
        }
      },
    ],
    'queue item handed over': [
      2000,
      async (count) => {
        const queue = new asyncio.Queue(1);
        const task = asyncio.createTask(producer(queue, count));
        for (let n = 0; n < count; n += 1) await queue.get();
        await task;
      },
    ],
    'await createTask()': [1000, repeated(() => asyncio.createTask(nothing()))],
    'gather(), each': [
      2000,
      (count) => asyncio.gather(...Array.from({ length: count }, () => nothing())),
    ],
    'timeout()': [700, repeated(() => asyncio.timeout(10, () => asyncio.sleep(0)))],
    cancel: [
      100,
      repeated(async () => {
        const task = asyncio.createTask(sleeps());
        await asyncio.sleep(0);
        task.cancel();
        await task.catch(() => {});
      }),
    ],
  };
}

async function step(n) {
  return n;
}

/** Plain promises, and a turn of Node that starts like a turn of the loop. */
async function yardstick(count) {
  for (let n = 0; n < count; n += 1) {
    await step(n);
    await new Promise((resolve) => process.nextTick(resolve));
  }
}

function repeated(act) {
  return async (count) => {
    for (let n = 0; n < count; n += 1) await act();
  };
}

/** The CPU time of one, in µs. */
async function costOf(count, act) {
  const before = process.cpuUsage();
  await act(count);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}
