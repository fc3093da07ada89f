/** shield(): a cancel that stops at it, and one that comes from inside. */
import { CancelledError, createTask, run, shield, sleep, type Task } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function work(name: string, turns: number): Promise<string> {
  try {
    for (let turn = 0; turn < turns; turn += 1) {
      print(name, turn);
      await sleep(0);
    }
    print(name, 'ends');
    return name;
  } catch (error) {
    if (error instanceof CancelledError) print(name, 'cancelled');
    throw error;
  }
}

async function waits(inner: Task<string>): Promise<void> {
  try {
    print('has', await shield(inner));
  } catch (error) {
    print('the outer is cancelled', inner.cancelled());
    throw error;
  }
}

async function main(): Promise<void> {
  let inner = createTask(() => work('a', 4));
  let outer = createTask(() => waits(inner));
  await sleep(0);
  await sleep(0);
  print('cancel', outer.cancel());
  for (let turn = 0; turn < 4; turn += 1) {
    print('turn', turn, outer.done(), inner.done());
    await sleep(0);
  }
  print(outer.cancelled(), await inner);

  inner = createTask(() => work('b', 9));
  outer = createTask(() => waits(inner));
  await sleep(0);
  await sleep(0);
  inner.cancel();
  for (let turn = 0; turn < 4; turn += 1) {
    print('turn', turn, outer.done(), inner.done());
    await sleep(0);
  }

  inner = createTask(() => work('c', 1));
  print(await shield(inner), await shield(inner));
  const twice = shield(shield(createTask(() => work('d', 2))));
  print(await twice);
}

await run(main);
