/** Bodies that swallow their cancel: they go on, return, wait for more, or fail with something else. */
import { createTask, run, sleep } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function returns(): Promise<string> {
  try {
    await sleep(10);
  } catch {
    return 'a result';
  }
  return 'not reached';
}

async function goesOn(): Promise<string> {
  try {
    await sleep(10);
  } catch {}
  print('goes on');
  await sleep(0);
  print('and on');
  return 'later';
}

async function fails(): Promise<string> {
  try {
    await sleep(10);
  } catch {
    throw new RangeError('instead');
  }
  return 'not reached';
}

async function swallowsATurn(): Promise<string> {
  try {
    await sleep(0);
    await sleep(0);
  } catch {
    print('swallowed at a bare turn');
  }
  await sleep(0);
  return 'turned';
}

async function main(): Promise<void> {
  for (const body of [returns, goesOn, fails, swallowsATurn]) {
    const task = createTask(body);
    task.addDoneCallback((task) => print('told', task.cancelled()));
    await sleep(0);
    print('asked', task.cancel());
    for (let turn = 0; turn < 3; turn += 1) {
      print('turn', turn, task.done());
      await sleep(0);
    }
    try {
      print('main has', await task);
    } catch (error) {
      print('main saw', (error as Error).message);
    }
    print(task.cancelled(), task.cancelling());
  }
}

await run(main);
