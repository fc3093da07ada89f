/** Semaphores: places are given in the order of asking, and passed on by those who are cancelled. */
import { repr } from '../../src/base/printing/repr.ts';
import { BoundedSemaphore, createTask, run, Semaphore, sleep } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function worker(name: string, semaphore: Semaphore, turns = 1): Promise<void> {
  try {
    await semaphore.with(async () => {
      print(name, 'is in', semaphore.locked());
      for (let turn = 0; turn < turns; turn += 1) await sleep(0);
      print(name, 'goes');
    });
  } catch (error) {
    print(name, 'cancelled', semaphore.locked());
    throw error;
  }
}

async function main(): Promise<void> {
  let semaphore = new Semaphore(2);
  print(semaphore.locked());
  const seven = [0, 1, 2, 3, 4, 5, 6];
  for (const task of seven.map((n) => createTask(() => worker(String(n), semaphore, n % 3))))
    await task;
  print(semaphore.locked());

  print('-- none overtakes, though there is a place');
  semaphore = new Semaphore(0);
  const a = createTask(() => worker('a', semaphore));
  await sleep(0);
  semaphore.release();
  semaphore.release();
  print(semaphore.locked());
  await worker('main', semaphore);
  await a;
  print(semaphore.locked());

  print('-- cancelled before and after it was woken');
  semaphore = new Semaphore(0);
  const tasks = ['a', 'b', 'c', 'd'].map((name) => createTask(() => worker(name, semaphore)));
  await sleep(0);
  tasks[0]?.cancel();
  semaphore.release();
  tasks[1]?.cancel();
  for (let turn = 0; turn < 5; turn += 1) {
    await sleep(0);
    print('turn', turn, repr(tasks.map((task) => task.done())), semaphore.locked());
  }
  for (const task of tasks.slice(2)) await task;

  print('-- bounded');
  semaphore = new BoundedSemaphore(1);
  await worker('main', semaphore);
  for (const refused of [() => semaphore.release(), () => new Semaphore(-1)])
    try {
      refused();
    } catch (error) {
      print((error as Error).message);
    }
}

await run(main);
