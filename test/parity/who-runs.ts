/** Who runs: the current task and all tasks, in tasks, in callbacks, and as tasks come and go. */
import {
  allTasks,
  createTask,
  currentTask,
  ensureFuture,
  gather,
  getRunningLoop,
  run,
  sleep,
  type Task,
  wait,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

function names(): string {
  return [...allTasks()]
    .map((task) => task.getName())
    .sort()
    .join(' ');
}

function current(): string {
  return currentTask()?.getName() ?? '-';
}

async function nested(text: string): Promise<void> {
  print(text, current());
  await sleep(0);
  print(text, current());
}

async function child(other?: Task<void>): Promise<void> {
  await nested('in');
  if (other) await other;
  print('after', current(), '|', names());
}

async function main(): Promise<void> {
  const loop = getRunningLoop();
  currentTask()?.setName('main');
  print(current(), '|', names());
  const a = createTask(() => child(), { name: 'a' });
  const b = createTask(() => child(a), { name: 'b' });
  print(current(), '|', names());
  loop.callSoon(() => print('callback', current()));
  a.addDoneCallback((task) => print('done', task.getName(), current(), '|', names()));
  await gather(a, b);
  print(current(), '|', names());

  const c = createTask(sleep(10), { name: 'c' });
  await sleep(0);
  c.setName('renamed');
  print(names(), c.getName());
  c.cancel();
  print('cancelling', names());
  await wait([c]);
  print(names(), c.done());
  const d = ensureFuture(() => nested('ensured')) as Task<void>;
  d.setName('d');
  await d;
}

await run(main);
