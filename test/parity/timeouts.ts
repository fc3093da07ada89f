/** timeout(): in time, too late, within one another, set anew, and with a cancel of somebody else. */
import {
  createTask,
  currentTask,
  getRunningLoop,
  run,
  sleep,
  type Timeout,
  TimeoutError,
  timeout,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

type Body = (limit: Timeout) => PromiseLike<void>;

async function attempt(name: string, delay: number | undefined, body: Body): Promise<void> {
  let limit: Timeout | undefined;
  try {
    await timeout(delay, async (given) => {
      limit = given;
      await body(given);
      print(name, 'in time');
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    print(name, 'too late');
  }
  print(name, limit?.expired(), currentTask()?.cancelling());
}

async function main(): Promise<void> {
  const loop = getRunningLoop();

  const quick: Body = async () => {
    await sleep(0);
  };
  const slow: Body = async () => {
    try {
      await sleep(10);
    } catch (error) {
      print('cancelled');
      throw error;
    }
  };
  const postpones: Body = async (limit) => {
    limit.reschedule(loop.time() + 10);
    await sleep(0.02);
  };
  const hastens: Body = async (limit) => {
    limit.reschedule(loop.time() - 1);
    print('set anew', limit.expired());
    await slow(limit);
  };
  const refuses: Body = async (limit) => {
    try {
      await sleep(10);
    } catch {
      print('refused', limit.expired());
    }
  };
  const fails: Body = async () => {
    try {
      await sleep(10);
    } finally {
      print('instead');
    }
  };

  await attempt('quick', 10, quick);
  await attempt('slow', 0.01, slow);
  await attempt('none', undefined, quick);
  await attempt('zero', 0, slow);
  await attempt('past', -1, slow);
  await attempt('postponed', 0.01, postpones);
  await attempt('hastened', 10, hastens);
  await attempt('refused', 0.01, refuses);
  await attempt('failing', 0.01, fails);
  await attempt('outer', 10, () => attempt('inner', 0.01, slow));
  await attempt('outer', 0.01, () => attempt('inner', 10, slow));
  const task = createTask(() => attempt('cancelled', 10, slow));
  await sleep(0);
  await sleep(0);
  task.cancel();
  try {
    await task;
  } catch {
    print('passes through', task.cancelled(), task.cancelling());
  }
}

await run(main);
