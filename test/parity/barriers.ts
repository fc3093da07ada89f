/** A barrier: all wait for the last; who comes while it empties waits outside. */
import { Barrier, BrokenBarrierError, createTask, run, sleep, type Task } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function party(name: string, barrier: Barrier, rounds = 1, numbered = true): Promise<void> {
  for (let round = 0; round < rounds; round += 1)
    try {
      const index = await barrier.wait();
      print(name, round, 'index', numbered ? index : '?', barrier.nWaiting, barrier.broken);
    } catch (error) {
      if (error instanceof BrokenBarrierError) {
        print(name, round, 'broken:', error.message, barrier.nWaiting, barrier.broken);
        continue;
      }
      print(name, round, 'cancelled', barrier.nWaiting, barrier.broken);
      throw error;
    }
}

async function turns(count: number, barrier: Barrier): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await sleep(0);
    print('turn', turn, barrier.nWaiting, barrier.broken);
  }
}

async function main(): Promise<void> {
  const barrier = new Barrier(3);
  const come = (name: string, rounds = 1, numbered = true): Task<void> =>
    createTask(() => party(name, barrier, rounds, numbered));
  print(barrier.parties, barrier.nWaiting, barrier.broken);
  for (const task of ['a', 'b', 'c'].map((name) => come(name, 3))) await task;

  print('-- one is cancelled while it fills, another takes its place');
  const [a] = [come('a', 1, false), come('b', 1, false)];
  await turns(1, barrier);
  a.cancel();
  await turns(2, barrier);
  for (const name of ['c', 'd']) come(name, 1, false);
  await turns(5, barrier);

  print('-- reset');
  for (const name of ['a', 'b']) come(name, 2);
  await turns(1, barrier);
  await barrier.reset();
  await turns(6, barrier);
  come('c');
  await turns(6, barrier);

  print('-- aborted');
  for (const name of ['a', 'b']) come(name);
  await turns(1, barrier);
  await barrier.abort();
  come('late');
  await turns(6, barrier);
  await barrier.reset();
  for (const name of ['a', 'b', 'c']) come(name);
  await turns(6, barrier);
  try {
    new Barrier(0);
  } catch (error) {
    print((error as Error).message);
  }
}

await run(main);
