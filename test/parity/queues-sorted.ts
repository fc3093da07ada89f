/** Queues that sort and stacks, with several who put and several who get. */
import {
  createTask,
  gather,
  LifoQueue,
  PriorityQueue,
  Queue,
  run,
  sleep,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

async function main(): Promise<void> {
  for (const Make of [Queue, LifoQueue, PriorityQueue]) {
    const queue = new Make<number>(2);

    const puts = async (name: string, items: number[]): Promise<void> => {
      for (const item of items) {
        await queue.put(item);
        print(name, 'put', item, queue.qsize());
      }
    };

    const gets = async (name: string, count: number): Promise<void> => {
      for (let n = 0; n < count; n += 1) {
        const item = await queue.get();
        print(name, 'got', item, queue.qsize());
        queue.taskDone();
      }
    };

    await gather(
      () => puts('a', [5, 1, 4]),
      () => puts('b', [2, 3, 0]),
      () => gets('c', 2),
      () => gets('d', 4),
    );
    print('empty', queue.empty());
  }

  const sorted = new PriorityQueue<[number, string]>();
  const items: [number, string][] = [
    [3, 'three'],
    [1, 'one'],
    [2, 'two'],
  ];
  for (const item of items) sorted.putNowait(item);
  while (!sorted.empty()) print(...sorted.getNowait());

  const queue = new Queue<number>();

  async function works(name: string): Promise<void> {
    for (;;) {
      const item = await queue.get();
      print(name, 'works on', item);
      await sleep(0);
      queue.taskDone();
    }
  }

  const workers = ['x', 'y'].map((name) => createTask(() => works(name)));
  for (let item = 0; item < 5; item += 1) queue.putNowait(item);
  const joins = createTask(queue.join());
  for (let turn = 0; turn < 6; turn += 1) {
    print('turn', turn, joins.done());
    await sleep(0);
  }
  await joins;
  for (const worker of workers) worker.cancel();
  const outcomes = await gather(...workers, { returnExceptions: true });
  print(...outcomes.map((outcome) => (outcome as Error).name));
}

await run(main);
