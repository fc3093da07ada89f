/** A lock: first come, first served; released, it is unlocked until the next one's turn. */
import { createTask, Lock, run, sleep, type Task } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function worker(name: string, lock: Lock, rounds = 2): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    print(name, 'asks', round);
    await lock.acquire();
    print(name, 'has it', round);
    await sleep(0);
    print(name, 'gives it back', round);
    lock.release();
  }
}

async function hasty(name: string, lock: Lock): Promise<void> {
  print(name, 'comes', lock.locked());
  await lock.with(() => print(name, 'has it'));
}

async function waiting(name: string, lock: Lock): Promise<void> {
  try {
    await lock.with(() => print(name, 'has it'));
  } catch (error) {
    print(name, 'cancelled', (error as Error).message, lock.locked());
    throw error;
  }
}

async function main(): Promise<void> {
  const lock = new Lock();
  let a: Task<unknown>;
  let b: Task<unknown>;
  print('made', lock.locked());
  for (const task of ['a', 'b', 'c'].map((name) => createTask(() => worker(name, lock))))
    await task;

  print('-- nobody overtakes');
  await lock.acquire();
  a = createTask(() => waiting('a', lock));
  await sleep(0);
  lock.release();
  print('released', lock.locked());
  b = createTask(() => hasty('b', lock));
  await hasty('main', lock);
  await a;
  await b;

  print('-- cancelled while waiting');
  await lock.acquire();
  [a, b] = ['a', 'b'].map((name) => createTask(() => waiting(name, lock))) as [typeof a, typeof b];
  await sleep(0);
  a.cancel('enough');
  lock.release();
  await b;
  print(a.done(), lock.locked());

  print('-- cancelled when its turn was coming');
  await lock.acquire();
  [a, b] = ['a', 'b'].map((name) => createTask(() => waiting(name, lock))) as [typeof a, typeof b];
  await sleep(0);
  lock.release();
  a.cancel('too late');
  for (let turn = 0; turn < 3; turn += 1) {
    await sleep(0);
    print('turn', turn, a.done(), b.done(), lock.locked());
  }

  print('-- cancelled before it began');
  a = createTask(lock.acquire());
  b = createTask(() => waiting('b', lock));
  a.cancel();
  await b;
  print(a.cancelled(), lock.locked());

  print('-- released once too often');
  await lock.acquire();
  a = createTask(() => waiting('a', lock));
  await sleep(0);
  await sleep(0);
  print(a.done());
  lock.release();
  await a;
  try {
    lock.release();
  } catch (error) {
    print((error as Error).message);
  }
}

await run(main);
