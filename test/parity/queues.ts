/** A queue between producers and consumers: who waits is served in the order of coming. */
import { repr } from '../../src/base/printing/repr.ts';
import { createTask, LifoQueue, PriorityQueue, Queue, run, sleep } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function producer(name: string, queue: Queue<string>, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    print(name, 'puts', n, queue);
    await queue.put(`${name}${n}`);
  }
  print(name, 'has put all');
}

async function consumer(name: string, queue: Queue<string>, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const item = await queue.get();
    print(name, 'got', item, queue);
    queue.taskDone();
  }
  print(name, 'has all');
}

async function exchange(queue: Queue<string>): Promise<void> {
  print('##', queue);
  const tasks = [
    createTask(() => consumer('x', queue, 3)),
    createTask(() => producer('a', queue, 4)),
    createTask(() => consumer('y', queue, 3)),
    createTask(() => producer('b', queue, 2)),
  ];
  for (const task of tasks) await task;
  await queue.join();
  print('joined', queue);
}

async function main(): Promise<void> {
  for (const maxsize of [0, 1, 2, 1.5, -1]) await exchange(new Queue(maxsize));
  await exchange(new LifoQueue(2));
  await exchange(new PriorityQueue(2));

  const queue = new Queue<string>(1);
  print(queue.qsize(), queue.empty(), queue.full(), queue.maxsize);
  queue.putNowait('one');
  print(queue.qsize(), queue.empty(), queue.full());
  refused('full', () => queue.putNowait('two'));
  print(queue.getNowait());
  refused('empty', () => queue.getNowait());
  queue.taskDone();
  refused(undefined, () => queue.taskDone());

  print('-- who joins');
  const numbers = new Queue<number>();
  for (let n = 0; n < 3; n += 1) numbers.putNowait(n);
  const joiner = createTask(numbers.join());
  while (!joiner.done()) {
    if (!numbers.empty()) {
      print('got', await numbers.get());
      numbers.taskDone();
      if (numbers.qsize() === 1) numbers.taskDone();
    }
    print(numbers, joiner.done());
    await sleep(0);
  }

  print('-- a heap gives what is equal in an order of its own');
  const sorted = new PriorityQueue<[number, string]>();
  for (const [n, name] of [...'abcdefghij'].entries()) sorted.putNowait([n % 3, name]);
  print(repr(Array.from({ length: 10 }, () => sorted.getNowait()[1])));
}

function refused(what: string | undefined, call: () => unknown): void {
  try {
    call();
  } catch (error) {
    const { message } = error as Error;
    if (what === undefined) print(message);
    else print(what, message);
  }
}

await run(main);
