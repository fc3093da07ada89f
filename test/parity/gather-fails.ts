/** gather(): a child that fails or is cancelled, and what the others do. */
import {
  CancelledError,
  coroutine,
  createTask,
  gather,
  RuntimeError,
  run,
  sleep,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

const child = coroutine(async function child(
  name: string,
  turns: number,
  error?: Error,
): Promise<string> {
  try {
    for (let turn = 0; turn < turns; turn += 1) await sleep(0);
    if (error) throw error;
    print(name, 'ends');
    return name;
  } catch (caught) {
    if (caught instanceof CancelledError) print(name, 'cancelled');
    throw caught;
  }
});

async function main(): Promise<void> {
  try {
    await gather(child('a', 1, new RuntimeError('boom')), child('b', 4), child('c', 2));
  } catch (error) {
    print('main saw', (error as Error).message);
  }
  for (let turn = 0; turn < 5; turn += 1) await sleep(0);

  const outcomes = await gather(
    child('d', 1, new RuntimeError('first')),
    child('e', 2),
    child('f', 0, new TypeError('second')),
    { returnExceptions: true },
  );
  print(...outcomes.map((outcome) => (outcome instanceof Error ? outcome.message : outcome)));

  const slow = createTask(child('g', 9));
  let whole = gather(slow, child('h', 9));
  await sleep(0);
  print('cancel', slow.cancel());
  try {
    await whole;
  } catch {
    print('whole ends cancelled', whole.cancelled(), slow.cancelled());
  }

  whole = gather(child('i', 9), child('j', 9));
  await sleep(0);
  print('cancel', whole.cancel());
  try {
    await whole;
  } catch {
    print('cancelled');
  }
  const last = gather(child('k', 9), child('l', 9), { returnExceptions: true });
  const waits = createTask(() => childOf(last));
  await sleep(0);
  await sleep(0);
  print('cancel', waits.cancel());
  await waits;
}

async function childOf(whole: PromiseLike<unknown>): Promise<void> {
  try {
    await whole;
  } catch {
    print('the one that waits is cancelled');
  }
}

await run(main);
