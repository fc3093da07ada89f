/** A cancel goes down to the innermost task, and comes up through all; or one of them refuses. */
import { createTask, run, sleep } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function layer(name: string, inner: PromiseLike<unknown>, refuses: string): Promise<string> {
  try {
    const result = await inner;
    print(name, 'has', result);
    return name;
  } catch (error) {
    print(name, 'cancelled', (error as Error).message);
    if (refuses !== name) throw error;
    print(name, 'refuses');
    return `refused by ${name}`;
  }
}

async function tower(refuses: string): Promise<void> {
  const deep = createTask(() => layer('deep', sleep(10), refuses));
  const middle = createTask(() => layer('middle', deep, refuses));
  const top = createTask(() => layer('top', middle, refuses));
  for (let turn = 0; turn < 3; turn += 1) await sleep(0);
  print('asked', top.cancel('all the way'));
  for (let turn = 0; turn < 5; turn += 1) {
    print('turn', turn, deep.done(), middle.done(), top.done());
    await sleep(0);
  }
  print('cancelled', deep.cancelled(), middle.cancelled(), top.cancelled());
  print('cancelling', deep.cancelling(), middle.cancelling(), top.cancelling());
}

async function main(): Promise<void> {
  for (const refuses of ['nobody', 'deep', 'middle', 'top']) {
    print('-- refuses:', refuses);
    await tower(refuses);
  }
}

await run(main);
