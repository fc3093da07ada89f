/** A cancel that comes while the body cleans up in a finally block. */
import { CancelledError, createTask, run, sleep, type Task } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function worker(name: string, fails: boolean): Promise<void> {
  try {
    print(name, 'works');
    await sleep(0.01);
    if (fails) throw new RangeError('work');
    print(name, 'worked');
  } finally {
    print(name, 'cleans up');
    try {
      await sleep(0);
      print(name, 'half clean');
      await sleep(0);
      print(name, 'clean');
    } finally {
      print(name, 'ends');
    }
  }
}

async function see(name: string, task: Task<void>): Promise<void> {
  try {
    print('main has', await task);
  } catch (error) {
    if (error instanceof CancelledError) print('main saw', name, 'cancelled');
    else print('main saw', name, 'fail:', (error as Error).message);
  }
}

async function cancelAt(name: string, fails: boolean, cancels: unknown[]): Promise<void> {
  const task = createTask(() => worker(name, fails));
  for (let turn = 0; turn < 2; turn += 1) await sleep(0);
  if (cancels.includes('work')) print('asked', task.cancel());
  else await sleep(0.02);
  for (let turn = 0; turn < 4; turn += 1) {
    if (cancels.includes(turn)) print('turn', turn, 'asked', task.cancel());
    await sleep(0);
  }
  await see(name, task);
  print(name, task.cancelling(), task.cancelled());
}

async function main(): Promise<void> {
  await cancelAt('a', false, ['work']);
  await cancelAt('b', false, ['work', 1]);
  await cancelAt('c', false, ['work', 2]);
  await cancelAt('d', false, ['work', 1, 2]);
  await cancelAt('e', false, ['work', 3]);
  await cancelAt('f', true, []);
  await cancelAt('g', false, []);
}

await run(main);
