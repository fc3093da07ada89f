/** A queue: who is cancelled takes nothing, puts nothing, and passes its turn on. */
import { repr } from '../../src/base/printing/repr.ts';
import { createTask, Queue, run, sleep, type Task } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function getter(name: string, queue: Queue): Promise<void> {
  try {
    print(name, 'got', await queue.get());
  } catch (error) {
    print(name, 'cancelled', queue);
    throw error;
  }
}

async function putter(name: string, queue: Queue): Promise<void> {
  try {
    await queue.put(name);
    print(name, 'is in', queue);
  } catch (error) {
    print(name, 'cancelled', queue);
    throw error;
  }
}

async function turns(count: number, queue: Queue, ...tasks: Task<unknown>[]): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    print('turn', turn, queue, repr(tasks.map((task) => task.done())));
    await sleep(0);
  }
}

async function main(): Promise<void> {
  print('-- a getter, before an item comes');
  let queue = new Queue();
  const get = (name: string): Task<unknown> => createTask(() => getter(name, queue));
  const put = (name: string): Task<unknown> => createTask(() => putter(name, queue));
  let [a, b] = [get('a'), get('b')];
  await sleep(0);
  print(queue);
  a.cancel();
  queue.putNowait('item');
  await turns(3, queue, a, b);

  print('-- a getter, when an item has come');
  queue = new Queue();
  [a, b] = [get('a'), get('b')];
  await sleep(0);
  queue.putNowait('item');
  a.cancel();
  await turns(4, queue, a, b);

  print('-- a getter, when its item was taken by another');
  queue = new Queue();
  [a, b] = [get('a'), get('b')];
  await sleep(0);
  queue.putNowait('item');
  print(queue.getNowait());
  await turns(2, queue, a, b);
  a.cancel();
  queue.putNowait('another');
  await turns(3, queue, a, b);

  print('-- a putter, when there is a place');
  queue = new Queue(1);
  queue.putNowait('item');
  [a, b] = [put('a'), put('b')];
  await sleep(0);
  print(queue.getNowait());
  a.cancel();
  await turns(3, queue, a, b);

  print('-- a putter, before there is a place');
  a = put('a');
  const c = put('c');
  await sleep(0);
  a.cancel();
  print(queue.getNowait());
  await turns(3, queue, a, c);

  print('-- before they begin');
  [a, b] = [createTask(queue.get()), createTask(queue.put('d')) as Task<unknown>];
  a.cancel();
  b.cancel();
  await turns(2, queue, a, b);
}

await run(main);
