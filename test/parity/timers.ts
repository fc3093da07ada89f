/** Timers: in the order of their times, cancelled, made by one another, and beside sleeps. */
import { createTask, getRunningLoop, run, sleep } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function main(): Promise<void> {
  const loop = getRunningLoop();
  const begin = loop.time();

  const say = (...words: unknown[]): void => print(...words);

  for (const delay of [0.3, 0.06, 0.18, -1, 0.12]) loop.callLater(delay, say, 'later', delay);
  const handle = loop.callAt(begin + 0.15, say, 'never');
  loop.callAt(begin + 0.24, say, 'at');
  loop.callAt(begin - 5, say, 'long past');
  loop.callSoon(say, 'soon');
  print('cancelled', handle.cancelled());
  handle.cancel();
  print('cancelled', handle.cancelled(), handle.when() > begin);

  const tick = (left: number): void => {
    say('tick', left);
    if (left > 0) loop.callLater(0.004, tick, left - 1);
  };

  await sleep(0.45);
  tick(3);
  await sleep(0.15);

  async function naps(name: string, ...delays: number[]): Promise<void> {
    for (const delay of delays) {
      await sleep(delay);
      print(name, 'slept', delay);
    }
  }

  const tasks = [
    createTask(() => naps('a', 0.18, 0.24)),
    createTask(() => naps('b', 0.3, 0.24)),
    createTask(() => naps('c', 0, 0, 0.36)),
  ];
  for (const task of tasks) await task;
  print('zero or less');
  loop.callLater(0, say, 'zero');
  loop.callSoon(say, 'soon');
  loop.callLater(-1, say, 'less');
  for (let turn = 0; turn < 3; turn += 1) await sleep(0);
}

await run(main);
