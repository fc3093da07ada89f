/** Locks, semaphores, conditions and events under limits on the time: who gets what afterwards. */
import {
  Condition,
  createTask,
  Event,
  gather,
  Lock,
  run,
  Semaphore,
  sleep,
  TimeoutError,
  timeout,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

async function attempt(
  name: string,
  delay: number,
  waits: () => PromiseLike<unknown>,
): Promise<boolean> {
  try {
    return await timeout(delay, async () => {
      await waits();
      print(name, 'in time');
      return true;
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    print(name, 'too late');
    return false;
  }
}

async function main(): Promise<void> {
  const lock = new Lock();
  await lock.acquire();

  async function holds(name: string, delay: number): Promise<void> {
    if (await attempt(name, delay, () => lock.acquire())) {
      print(name, 'holds', lock.locked());
      await sleep(0);
      lock.release();
    }
  }

  const limits: [string, number][] = [
    ['a', 0.05],
    ['b', 10],
    ['c', 0.15],
    ['d', 10],
  ];
  const tasks = limits.map(([name, delay]) => createTask(() => holds(name, delay)));
  await sleep(0.3);
  lock.release();
  await gather(...tasks);
  print(lock.locked());

  const places = new Semaphore(1);
  await places.acquire();
  await gather(...['e', 'f'].map((name) => () => attempt(name, 0.01, () => places.acquire())));
  places.release();
  print(await attempt('g', 0, () => places.acquire()), places.locked());

  const event = new Event();
  let waits = [
    createTask(() => attempt('h', 0.01, () => event.wait())),
    createTask(() => attempt('i', 10, () => event.wait())),
  ];
  await sleep(0.1);
  event.set();
  await gather(...waits);
  await attempt('j', 0, () => event.wait());

  const condition = new Condition();
  let ready = false;
  const waitsIn = (): PromiseLike<unknown> =>
    condition.with(async () => {
      await condition.waitFor(() => ready);
    });

  waits = [
    createTask(() => attempt('k', 0.01, waitsIn)),
    createTask(() => attempt('l', 10, waitsIn)),
  ];
  await sleep(0.1);
  await condition.with(async () => {
    ready = true;
    condition.notify(1);
    print('notified', condition.locked());
  });
  await gather(...waits);
  print(condition.locked());
}

await run(main);
