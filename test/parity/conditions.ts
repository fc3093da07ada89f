/** A condition: who is notified goes on when he has the lock, in the order of waiting. */
import { Condition, createTask, run, sleep } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function waiter(name: string, condition: Condition): Promise<void> {
  await condition.with(async () => {
    print(name, 'waits');
    print(name, await condition.wait());
    await sleep(0);
    print(name, 'leaves');
  });
}

async function taker(name: string, condition: Condition, items: number[]): Promise<void> {
  await condition.with(async () => {
    await condition.waitFor(() => items.length > 0);
    print(name, 'takes', items.shift(), items.length);
  });
}

async function main(): Promise<void> {
  const condition = new Condition();
  const waiters = ['a', 'b', 'c', 'd'].map((name) => createTask(() => waiter(name, condition)));
  await sleep(0);
  await condition.with(async () => {
    condition.notify();
    print('notified one', condition.locked());
    await sleep(0);
    print('releases');
  });
  for (let turn = 0; turn < 4; turn += 1) {
    print('turn', turn, condition.locked());
    await sleep(0);
  }
  await condition.with(() => {
    condition.notify(2);
    condition.notify(0);
    print('notified two');
  });
  const late = createTask(() => waiter('late', condition));
  for (let turn = 0; turn < 8; turn += 1) await sleep(0);
  await condition.with(() => condition.notifyAll());
  await waiters[3];
  await late;

  print('-- with a predicate');
  const items: number[] = [];
  const takers = ['a', 'b', 'c'].map((name) => createTask(() => taker(name, condition, items)));
  await sleep(0);
  for (let item = 0; item < 3; item += 1) {
    await condition.with(() => {
      items.push(item);
      condition.notifyAll();
    });
    await sleep(0);
  }
  for (const task of takers) await task;

  for (const refused of [() => condition.notify(), () => condition.notifyAll()])
    try {
      refused();
    } catch (error) {
      print((error as Error).message);
    }
  try {
    await condition.wait();
  } catch (error) {
    print((error as Error).message);
  }
}

await run(main);
