/** A timeout by hand: a cancel of our own is taken back, one of somebody else's is not. */
import { createTask, currentTask, getRunningLoop, run, sleep, type Task } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function limited(name: string, turns: number): Promise<string> {
  const task = currentTask() as Task<unknown>;
  const loop = getRunningLoop();
  let fired = false;
  const fire = (left: number): void => {
    if (left === 0) {
      fired = true;
      print(name, 'limit', task.cancel('limit'), task.cancelling());
    } else loop.callSoon(fire, left - 1);
  };
  fire(turns);
  try {
    await sleep(0.05);
    print(name, 'in time');
  } catch (error) {
    print(name, 'cancelled', (error as Error).message, task.cancelling());
    if (!(fired && task.uncancel() === 0)) throw error;
    print(name, 'timed out', task.cancelling());
  }
  await sleep(0);
  print(name, 'after it');
  return name;
}

async function main(): Promise<void> {
  const a = createTask(() => limited('a', 2));
  print('main has', await a, a.cancelling());

  const b = createTask(() => limited('b', 2));
  await sleep(0);
  await sleep(0);
  print('main asked', b.cancel('somebody else'));
  try {
    await b;
  } catch (error) {
    print('main saw b', (error as Error).message, b.cancelling());
  }

  const c = createTask(() => limited('c', 10));
  await sleep(0);
  c.cancel('first');
  print('uncancel', c.uncancel(), c.uncancel());
  try {
    await c;
  } catch (error) {
    print('main saw c', (error as Error).message, c.cancelling());
  }
}

await run(main);
