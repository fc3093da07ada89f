/** as_completed(): results as they come, failures in between, a limit on the time. */
import {
  asCompleted,
  CancelledError,
  createTask,
  RuntimeError,
  run,
  sleep,
  TimeoutError,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

async function child(name: string, turns: number, error?: Error): Promise<string> {
  try {
    for (let turn = 0; turn < turns; turn += 1) await sleep(0);
  } catch (caught) {
    if (caught instanceof CancelledError) print(name, 'cancelled');
    throw caught;
  }
  print(name, 'ends');
  if (error) throw error;
  return name;
}

async function main(): Promise<void> {
  const turns: [string, number][] = [
    ['a', 3],
    ['b', 1],
    ['c', 2],
  ];
  const three = turns.map(([name, count]) => createTask(() => child(name, count)));
  for (const nextOne of asCompleted(three)) print('came', await nextOne);

  const two = [
    createTask(() => child('d', 2, new RuntimeError('boom'))),
    createTask(() => child('e', 1)),
  ];
  for (const nextOne of asCompleted(two))
    try {
      print('came', await nextOne);
    } catch (error) {
      print('failed', (error as Error).message);
    }

  const done = createTask(() => child('f', 0));
  await done;
  for (const nextOne of asCompleted([done])) print('was there', await nextOne);

  const slow = createTask(sleep(10, 'slow'));
  for (const nextOne of asCompleted([slow, createTask(() => child('g', 1))], { timeout: 0.1 }))
    try {
      print('came', await nextOne);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      print('too late', slow.done());
    }
  slow.cancel();

  const both = [...asCompleted([createTask(() => child('h', 2)), createTask(() => child('i', 1))])];
  print(both.length);
  const names: string[] = [];
  for (const one of both) names.push(await one);
  print(...names);
}

await run(main);
