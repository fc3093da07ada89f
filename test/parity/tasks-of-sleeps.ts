/** Tasks made of nothing but a sleep: how many turns they take, and in which order they end. */
import { createTask, run, sleep, type Task } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function watch(tasks: readonly Task<unknown>[], turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    print('turn', turn, ...tasks.map((task) => task.done()));
    await sleep(0);
  }
}

async function main(): Promise<void> {
  const body = async (): Promise<string> => await sleep(0, 'body');

  const tasks = [createTask(sleep(0, 'bare')), createTask(body), createTask(sleep(-1, 'past'))];
  for (const task of tasks) task.addDoneCallback((task) => print('done', task.result()));
  await watch(tasks, 5);

  const bare = createTask(sleep(0));
  bare.cancel();
  const late = createTask(sleep(0));
  await sleep(0);
  late.cancel();
  await watch([bare, late], 3);
  print(bare.cancelled(), late.cancelled());

  const slow = [0.3, 0.1, 0.2].map((delay) => createTask(sleep(delay, delay)));
  for (const task of slow) task.addDoneCallback((task) => print('slept', task.result()));
  for (const task of slow) await task;
}

await run(main);
