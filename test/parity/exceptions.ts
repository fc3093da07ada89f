/** Errors on their way up: through awaits, finally, tasks that wait for one another, and retries. */
import { createTask, gather, RuntimeError, run, sleep, type Task } from '../../src/index.ts';
import { print } from '../support/print.ts';

/** Python's. */
class ValueError extends Error {
  override name = 'ValueError';
}

async function level(depth: number, error: Error): Promise<void> {
  try {
    await sleep(0);
    if (depth > 0) return await level(depth - 1, error);
    throw error;
  } catch (caught) {
    if (!(caught instanceof ValueError)) throw caught;
    print('level', depth, 'caught', caught.message);
    throw new RuntimeError(`from level ${depth}`);
  } finally {
    print('level', depth, 'finally');
    await sleep(0);
  }
}

async function retries(name: string, attempts: number): Promise<number | undefined> {
  for (let attempt = 0; attempt < attempts; attempt += 1)
    try {
      await sleep(0);
      if (attempt < attempts - 1) throw new ValueError('not yet');
      print(name, 'succeeds at', attempt);
      return attempt;
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      print(name, error.message, attempt);
    }
  return undefined;
}

async function waits(name: string, task: Task<void>): Promise<void> {
  try {
    await task;
  } catch (error) {
    print(name, 'saw', (error as Error).name, (error as Error).message);
    throw error;
  }
}

async function main(): Promise<void> {
  for (const error of [new ValueError('value'), new TypeError('type')])
    try {
      await level(2, error);
    } catch (caught) {
      print('main caught', (caught as Error).name, (caught as Error).message);
    }
  print(
    ...(await gather(
      () => retries('a', 3),
      () => retries('b', 1),
      () => retries('c', 2),
    )),
  );

  const failing = createTask(() => level(1, new TypeError('shared')));
  const watchers = ['x', 'y', 'z'].map((name) => createTask(() => waits(name, failing)));
  const outcomes = await gather(...watchers, { returnExceptions: true });
  print(outcomes.every((outcome) => outcome === failing.exception()));

  async function inFinally(): Promise<void> {
    try {
      throw new ValueError('first');
    } finally {
      await sleep(0);
      // biome-ignore lint/correctness/noUnsafeFinally: what a program may do
      throw new TypeError('second');
    }
  }

  try {
    await inFinally();
  } catch (error) {
    print('the last one counts', (error as Error).message);
  }

  async function returnsInFinally(): Promise<string> {
    try {
      await sleep(10);
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: what a program may do
      return 'all the same';
    }
  }

  const task = createTask(returnsInFinally);
  await sleep(0);
  task.cancel();
  print(await task, task.cancelled());
}

await run(main);
