/** Prints what one callSoon, one sleep(0) and one created and awaited task cost, in µs of CPU. */
import * as asyncio from 'asyncio-ts';

const COUNT = 20_000;
/** Rounds that are thrown away, while the compiler is still at work. */
const WARM_UP = 3;
const ROUNDS = 7;

/** Callbacks that all wait in one queue, and one that ends the wait. */
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

/** The median over the rounds, in µs. */
async function cost(program: () => Promise<void>): Promise<number> {
  const costs: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    const before = process.cpuUsage();
    await program();
    const { user, system } = process.cpuUsage(before);
    if (round >= WARM_UP) costs.push((user + system) / COUNT);
  }
  costs.sort((a, b) => a - b);
  return costs[Math.floor(costs.length / 2)] as number;
}

const main = asyncio.coroutine(async function main(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const costs = {
    callSoon: await cost(() => callSoon(loop)),
    sleepZero: await cost(sleepZero),
    createTask: await cost(createTask),
  };
  console.log(JSON.stringify(costs));
});

await asyncio.run(main());
