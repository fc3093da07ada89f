/** Prints the cost of the loop's operations, in µs of CPU time: micro/python.py in TypeScript. */
import * as asyncio from 'asyncio-ts';
import type { MicroCosts } from '../figures.ts';

/** How often each is done per measurement. */
const COUNT = 10_000;
const CHILDREN = 10_000;
const TIMERS = 100_000;
/** Seconds over which the deadlines of timers are spread. */
const SPREAD = 0.1;

/** Measurements that are discarded, because the compiler is still working. */
const WARM_UP = 6;
const MEASUREMENTS = 20;

/** Callbacks that are all scheduled at the same time, and one that ends the wait. */
async function callSoon(loop: asyncio.Loop): Promise<void> {
  const done = loop.createFuture<void>();
  let calls = 0;
  const callback = (): void => {
    calls += 1;
    if (calls === COUNT) done.setResult();
  };
  for (let n = 0; n < COUNT; n += 1) loop.callSoon(callback);
  await done;
}

async function sleepZero(): Promise<void> {
  for (let n = 0; n < COUNT; n += 1) await asyncio.sleep(0);
}

const nothing = asyncio.coroutine(async function nothing(): Promise<void> {});

async function createTask(): Promise<void> {
  for (let n = 0; n < COUNT; n += 1) await asyncio.createTask(nothing());
}

async function gather(): Promise<void> {
  await asyncio.gather(...Array.from({ length: CHILDREN }, () => nothing()));
}

/** Deadlines in no particular order, the same in every program. */
function deadline(n: number): number {
  return (((n * 48_271) % 100_003) / 100_003) * SPREAD;
}

async function cancelledTimers(loop: asyncio.Loop): Promise<void> {
  const callback = (): void => {};
  const timers: asyncio.TimerHandle[] = [];
  for (let n = 0; n < TIMERS; n += 1) timers.push(loop.callLater(60 + deadline(n), callback));
  for (const timer of timers) timer.cancel();
  await asyncio.sleep(0);
}

async function timers(loop: asyncio.Loop): Promise<void> {
  const done = loop.createFuture<void>();
  let calls = 0;
  const callback = (): void => {
    calls += 1;
    if (calls === TIMERS) done.setResult();
  };
  for (let n = 0; n < TIMERS; n += 1) loop.callLater(deadline(n), callback);
  await done;
}

/** Two tasks, each of which finds the other waiting when it releases the lock. */
async function lock(): Promise<void> {
  const shared = new asyncio.Lock();
  const worker = asyncio.coroutine(async function worker(): Promise<void> {
    for (let n = 0; n < COUNT / 2; n += 1) {
      await shared.acquire();
      shared.release();
    }
  });
  await shared.acquire();
  const workers = [asyncio.createTask(worker()), asyncio.createTask(worker())];
  await asyncio.sleep(0);
  shared.release();
  for (const task of workers) await task;
}

/** A queue with room for one item: each put and get waits. */
async function queue(): Promise<void> {
  const shared = new asyncio.Queue<number>(1);
  const producer = asyncio.coroutine(async function producer(): Promise<void> {
    for (let n = 0; n < COUNT; n += 1) await shared.put(n);
  });
  const task = asyncio.createTask(producer());
  for (let n = 0; n < COUNT; n += 1) await shared.get();
  await task;
}

/**
 * The mean of the measurements without the warm-up, in µs. Not the median, because about every second one
 * contains a garbage collection, and the median either includes it or does not.
 */
async function cost(count: number, program: () => Promise<void>): Promise<number> {
  let sum = 0;
  for (let turn = 0; turn < WARM_UP + MEASUREMENTS; turn += 1) {
    const before = process.cpuUsage();
    await program();
    const { user, system } = process.cpuUsage(before);
    if (turn >= WARM_UP) sum += user + system;
  }
  return sum / count / MEASUREMENTS;
}

const main = asyncio.coroutine(async function main(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const costs: MicroCosts = {
    callSoon: await cost(COUNT, () => callSoon(loop)),
    sleepZero: await cost(COUNT, sleepZero),
    createTask: await cost(COUNT, createTask),
    gather: await cost(CHILDREN, gather),
    cancelledTimer: await cost(TIMERS, () => cancelledTimers(loop)),
    timer: await cost(TIMERS, () => timers(loop)),
    lock: await cost(COUNT, lock),
    queue: await cost(COUNT, queue),
  };
  console.log(JSON.stringify(costs));
});

await asyncio.run(main());
