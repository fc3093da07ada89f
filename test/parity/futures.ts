/** Futures: several who await one, what comes first of two outcomes, and awaits of what is done. */
import {
  CancelledError,
  createTask,
  type Future,
  getRunningLoop,
  InvalidStateError,
  run,
  sleep,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

async function waits(name: string, future: Future<unknown>): Promise<void> {
  try {
    print(name, 'has', await future);
  } catch (error) {
    if (error instanceof CancelledError) print(name, 'cancelled');
    else print(name, 'saw', (error as Error).message);
  }
}

async function main(): Promise<void> {
  const loop = getRunningLoop();
  let future = loop.createFuture<unknown>();
  const tasks = ['a', 'b', 'c'].map((name) => createTask(() => waits(name, future)));
  await sleep(0);
  future.setException(new RangeError('bad'));
  for (const outcome of [() => future.setResult(1), () => future.setException(new RangeError())])
    try {
      outcome();
    } catch (error) {
      if (error instanceof InvalidStateError) print('refused', error.message);
    }
  print('cancel', future.cancel());
  for (const task of tasks) await task;

  future = loop.createFuture();
  const [first, second] = ['d', 'e'].map((name) => createTask(() => waits(name, future)));
  await sleep(0);
  print('cancel', first?.cancel(), future.cancelled());
  await sleep(0);
  await sleep(0);
  print(first?.done(), second?.done());

  const done = loop.createFuture<string>();
  done.setResult('at once');
  createTask(() => waits('f', done));
  print('no turn', await done, await done);
  await sleep(0);

  future = loop.createFuture();
  let task = createTask(() => waits('g', future));
  await sleep(0);
  future.setResult('in time');
  print('cancel', task.cancel());
  await task;
  future = loop.createFuture();
  task = createTask(() => waits('h', future));
  await sleep(0);
  task.cancel();
  print('cancelled', future.cancelled(), future.done());
  await task;

  const ofOneAnother = async (previous: Future<number>): Promise<number> => (await previous) + 1;

  const chain = loop.createFuture<number>();
  let last: Future<number> = chain;
  for (let n = 0; n < 4; n += 1) {
    const previous = last;
    last = createTask(() => ofOneAnother(previous));
  }
  await sleep(0);
  chain.setResult(0);
  for (let turn = 0; turn < 6; turn += 1) {
    print('turn', turn, last.done());
    await sleep(0);
  }
  print(last.result());
}

await run(main);
