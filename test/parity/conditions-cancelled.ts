/** A condition: a cancel is thrown when the lock could be acquired, and not before. */
import { Condition, createTask, run, sleep, type Task } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function waiter(name: string, condition: Condition): Promise<void> {
  await condition.with(async () => {
    try {
      print(name, await condition.wait());
    } catch (error) {
      print(name, 'cancelled', condition.locked());
      throw error;
    }
  });
}

async function main(): Promise<void> {
  const condition = new Condition();
  const start = (name: string): Task<void> => createTask(() => waiter(name, condition));

  print('-- while it waits');
  let a = start('a');
  await sleep(0);
  a.cancel();
  for (let turn = 0; turn < 3; turn += 1) {
    await sleep(0);
    print('turn', turn, a.done(), condition.locked());
  }

  print('-- while it waits, and the lock is held');
  a = start('a');
  await sleep(0);
  await condition.acquire();
  a.cancel();
  for (let turn = 0; turn < 3; turn += 1) {
    await sleep(0);
    print('turn', turn, a.done(), condition.locked());
  }
  condition.release();
  for (let turn = 0; turn < 3; turn += 1) {
    await sleep(0);
    print('turn', turn, a.done(), condition.locked());
  }

  print('-- while it acquires the lock again, twice');
  a = start('a');
  await sleep(0);
  await condition.acquire();
  condition.notify();
  for (let turn = 0; turn < 2; turn += 1) {
    await sleep(0);
    a.cancel();
  }
  await sleep(0);
  print(a.done());
  condition.release();
  for (let turn = 0; turn < 3; turn += 1) {
    await sleep(0);
    print('turn', turn, a.done(), a.cancelled(), condition.locked());
  }

  print('-- just before it would be notified');
  a = start('a');
  const b = start('b');
  await sleep(0);
  await condition.with(() => {
    a.cancel();
    condition.notify();
  });
  for (let turn = 0; turn < 4; turn += 1) {
    await sleep(0);
    print('turn', turn, a.done(), b.done(), condition.locked());
  }
}

await run(main);
