/** A second cancel: before the first is delivered, while the body cleans up, and after it. */
import { createTask, run, sleep } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function stubborn(name: string): Promise<string> {
  for (let round = 0; round < 3; round += 1)
    try {
      await sleep(10);
    } catch (error) {
      print(name, 'round', round, 'cancelled', (error as Error).message);
    }
  return 'had enough';
}

async function careful(name: string): Promise<void> {
  try {
    await sleep(10);
  } catch (first) {
    print(name, 'cancelled', (first as Error).message);
    try {
      await sleep(10);
    } catch (second) {
      print(name, 'cancelled again', (second as Error).message);
      throw second;
    }
    throw first;
  }
}

async function main(): Promise<void> {
  const a = createTask(() => careful('a'));
  await sleep(0);
  print('asked', a.cancel('one'), a.cancel('two'), a.cancelling());
  for (let turn = 0; turn < 3; turn += 1) {
    print('turn', turn, a.done());
    await sleep(0);
  }
  print('asked', a.cancel('three'), a.cancelling());
  try {
    await a;
  } catch (error) {
    print('main saw', (error as Error).message, a.cancelling());
  }

  const b = createTask(() => stubborn('b'));
  for (const word of ['one', 'two', 'three', 'four']) {
    await sleep(0);
    await sleep(0);
    print('asked', b.cancel(word), b.cancelling());
  }
  print('main has', await b, b.cancelled(), b.cancelling());
}

await run(main);
