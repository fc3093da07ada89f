/** Asynchronous generators: their steps among others', closed by hand, by a cancel, in the end. */
import {
  asyncgen,
  CancelledError,
  createTask,
  gather,
  RuntimeError,
  run,
  sleep,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

const numbers = asyncgen(async function* numbers(name: string, count: number) {
  try {
    for (let n = 0; n < count; n += 1) {
      print(name, 'yields', n);
      yield n;
      await sleep(0);
    }
    print(name, 'is over');
  } catch (error) {
    if (error instanceof CancelledError) print(name, 'cancelled');
    throw error;
  } finally {
    print(name, 'cleans up');
    await sleep(0);
    print(name, 'is clean');
  }
});

async function takes(name: string, count: number): Promise<void> {
  for await (const n of numbers(name, count)) {
    print(name, 'takes', n);
    await sleep(0);
  }
}

async function main(): Promise<void> {
  await gather(
    () => takes('a', 2),
    () => takes('b', 3),
  );

  for await (const n of numbers('c', 5)) if (n === 1) break;
  print('closed by hand');

  const task = createTask(() => takes('d', 9));
  for (let turn = 0; turn < 4; turn += 1) await sleep(0);
  task.cancel();
  try {
    await task;
  } catch {
    print('the one that takes is cancelled');
  }

  const generator = numbers('e', 2);
  print((await generator.next()).value);
  try {
    await generator.throw(new RuntimeError('thrown in'));
  } catch (error) {
    print('comes out', (error as Error).message);
  }

  const left = numbers('f', 9);
  print((await left.next()).value);
  print('main ends');
}

await run(main);
