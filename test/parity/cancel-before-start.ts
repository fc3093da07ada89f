/** A task that is cancelled before its first turn, or in it. */
import { createTask, getRunningLoop, run, sleep, type Task } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function worker(name: string): Promise<void> {
  print(name, 'begins');
  try {
    await sleep(0);
    print(name, 'goes on');
  } catch (error) {
    print(name, 'cancelled');
    throw error;
  }
}

async function see(name: string, task: Task<void>): Promise<void> {
  try {
    print('main has', await task);
  } catch (error) {
    const { message } = error as Error;
    print('main saw', name, 'cancelled', message, task.cancelled(), task.cancelling());
  }
}

async function main(): Promise<void> {
  const a = createTask(() => worker('a'));
  print('asked', a.cancel('early'));
  await see('a', a);

  const b = createTask(() => worker('b'));
  await sleep(0);
  print('asked', b.cancel('in its first wait'));
  await see('b', b);

  const c = createTask(() => worker('c'));
  getRunningLoop().callSoon(() => print('asked', c.cancel('behind its first step')));
  await see('c', c);

  const d = createTask(() => worker('d'));
  d.addDoneCallback((task) => print('d told', task.cancelled()));
  d.cancel();
  for (let turn = 0; turn < 3; turn += 1) {
    print('turn', turn, d.done());
    await sleep(0);
  }
  print('late', d.cancel());
}

await run(main);
