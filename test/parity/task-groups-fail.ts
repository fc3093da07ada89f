/** Task groups in which a task, several, or the body fail, and one that is cancelled. */
import {
  CancelledError,
  createTask,
  ExceptionGroup,
  RuntimeError,
  run,
  sleep,
  type TaskGroup,
  taskGroup,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

async function child(name: string, turns: number, error?: Error): Promise<void> {
  try {
    for (let turn = 0; turn < turns; turn += 1) await sleep(0);
    if (error) {
      print(name, 'fails');
      throw error;
    }
    print(name, 'ends');
  } catch (caught) {
    if (caught instanceof CancelledError) {
      print(name, 'cancelled');
      if (name === name.toUpperCase()) throw new RuntimeError(`in clean-up of ${name}`);
    }
    throw caught;
  }
}

async function attempt(body: (group: TaskGroup) => Promise<void>): Promise<void> {
  try {
    await taskGroup(async (group) => {
      await body(group);
      print('body ends');
    });
  } catch (caught) {
    if (!(caught instanceof ExceptionGroup)) throw caught;
    print(caught.message, ...caught.exceptions.map((error) => (error as Error).message));
  }
}

async function main(): Promise<void> {
  await attempt(async (group) => {
    group.createTask(() => child('a', 2, new RuntimeError('of a')));
    group.createTask(() => child('b', 9));
    group.createTask(() => child('C', 9));
  });

  await attempt(async (group) => {
    group.createTask(() => child('d', 9));
    await sleep(0);
    throw new TypeError('of the body');
  });

  await attempt(async (group) => {
    group.createTask(() => child('e', 1, new RuntimeError('of e')));
    try {
      await sleep(10);
    } catch (error) {
      print('body cancelled');
      throw error;
    }
  });

  await attempt(async (group) => {
    group.createTask(() => child('f', 1, new RuntimeError('of f')));
    group.createTask(() => child('g', 1, new TypeError('of g')));
    group.createTask(() => child('h', 1));
  });

  const task = createTask(() =>
    attempt(async (group) => {
      group.createTask(() => child('i', 9));
      await sleep(10);
    }),
  );
  await sleep(0);
  await sleep(0);
  task.cancel();
  try {
    await task;
  } catch {
    print('the whole is cancelled', task.cancelled());
  }
}

await run(main);
