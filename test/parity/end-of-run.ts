/** What still runs when main has ended: callbacks, cancelled tasks, and what those leave behind. */
import { createTask, getRunningLoop, type Loop, run, sleep, type Task } from '../../src/index.ts';
import { print } from '../support/print.ts';

let loop: Loop | undefined;
const keep: Task<unknown>[] = [];

function chain(name: string, n: number): void {
  print(name, n);
  if (n < 20) loop?.callSoon(chain, name, n + 1);
}

async function leftover(name: string, turns: number): Promise<void> {
  try {
    await sleep(10);
  } catch (error) {
    print(name, 'cancelled');
    for (let turn = 0; turn < turns; turn += 1) {
      await sleep(0);
      print(name, 'cleans up', turn);
    }
    throw error;
  }
}

async function fails(): Promise<void> {
  try {
    await sleep(10);
  } catch {
    throw new RangeError('in the clean-up');
  }
}

async function callbacksOnly(): Promise<string> {
  loop = getRunningLoop();
  loop.callSoon(chain, 'alone', 0);
  return 'main ends';
}

async function withTasks(): Promise<string> {
  loop = getRunningLoop();
  loop.setExceptionHandler((_loop, context) => {
    const keys = Object.keys(context).sort();
    print(context.message, '|', (context.exception as Error).message, '|', ...keys);
  });
  keep.push(createTask(() => leftover('a', 1)));
  keep.push(createTask(fails));
  await sleep(0);
  loop.callSoon(chain, 'beside', 0);
  return 'main ends';
}

async function unstarted(): Promise<string> {
  keep.push(createTask(() => leftover('never', 0)));
  return 'main ends';
}

for (const main of [callbacksOnly, withTasks, unstarted]) {
  print(await run(main));
  print(...keep.map((task) => task.done()));
  print(loop?.isClosed());
}
