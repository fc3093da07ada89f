/** An event: all who wait go on, in order, even if it is cleared before their turn. */

import { repr } from '../../src/base/printing/repr.ts';
import { createTask, Event, run, sleep } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function waiter(name: string, event: Event): Promise<void> {
  try {
    print(name, await event.wait(), event.isSet());
  } catch (error) {
    print(name, 'cancelled', event.isSet());
    throw error;
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    print('turn', turn);
    await sleep(0);
  }
}

async function main(): Promise<void> {
  const event = new Event();
  for (const name of ['a', 'b', 'c']) createTask(() => waiter(name, event));
  await sleep(0);
  event.set();
  event.clear();
  createTask(() => waiter('late', event));
  await turns(3);
  event.set();
  event.set();
  await waiter('main', event);
  await turns(2);

  print('-- cancelled with the set');
  event.clear();
  const tasks = ['a', 'b', 'c'].map((name) => createTask(() => waiter(name, event)));
  await sleep(0);
  tasks[0]?.cancel();
  event.set();
  tasks[1]?.cancel();
  await turns(2);
  print(repr(tasks.map((task) => task.cancelled())));
}

await run(main);
