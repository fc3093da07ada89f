/** wait(): who is done when it returns, by each of the three conditions. */
import {
  ALL_COMPLETED,
  allTasks,
  createTask,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type ReturnWhen,
  RuntimeError,
  run,
  sleep,
  type Task,
  wait,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

async function child(name: string, turns: number, error?: Error): Promise<string> {
  for (let turn = 0; turn < turns; turn += 1) await sleep(0);
  print(name, 'ends');
  if (error) throw error;
  return name;
}

function names(tasks: Iterable<Task<unknown>>): string {
  return (
    [...tasks]
      .map((task) => task.getName())
      .sort()
      .join(' ') || '-'
  );
}

async function show(condition: ReturnWhen, errors: Record<string, Error> = {}): Promise<void> {
  const turns: [string, number][] = [
    ['a', 1],
    ['b', 3],
    ['c', 1],
    ['d', 6],
  ];
  const tasks = turns.map(([name, count]) =>
    createTask(() => child(name, count, errors[name]), { name }),
  );
  let [done, pending] = await wait(tasks, { returnWhen: condition });
  print(condition, 'done', names(done), 'pending', names(pending));
  if (pending.size > 0) {
    [done, pending] = await wait(pending);
    print('then', names(done), names(pending));
  }
  for (const task of tasks) print(task.getName(), (task.exception() as Error | undefined)?.message);
}

async function main(): Promise<void> {
  await show(FIRST_COMPLETED);
  await show(FIRST_EXCEPTION, { b: new RuntimeError('boom') });
  await show(FIRST_EXCEPTION);
  await show(ALL_COMPLETED, { a: new RuntimeError('boom') });
  const task = createTask(sleep(10), { name: 'slow' });
  let [done, pending] = await wait([task], { timeout: 0.01 });
  print(names(done), names(pending), task.done());
  task.cancel();
  [done, pending] = await wait([task]);
  print(names(done), names(pending), task.cancelled());
  const waiting = createTask(wait([createTask(sleep(10), { name: 'left' })]));
  await sleep(0);
  await sleep(0);
  waiting.cancel();
  await wait([waiting]);
  print(waiting.cancelled(), names([...allTasks()].filter((each) => each.getName() === 'left')));
}

await run(main);
