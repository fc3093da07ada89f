/** wait_for(): results in time, clean-up that takes long, errors instead, and a cancel from outside. */
import {
  type Awaitable,
  CancelledError,
  coroutine,
  createTask,
  getRunningLoop,
  RuntimeError,
  run,
  sleep,
  TimeoutError,
  waitFor,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

interface Ends {
  after?: number;
  error?: Error;
  result?: string;
}

const work = coroutine(async function work(
  name: string,
  delay: number,
  { after = 0, error, result }: Ends = {},
): Promise<string> {
  try {
    await sleep(delay);
    print(name, 'ends');
    return name;
  } catch (caught) {
    if (!(caught instanceof CancelledError)) throw caught;
    print(name, 'cancelled');
    await sleep(after);
    print(name, 'cleaned up');
    if (error) throw error;
    if (result) return result;
    throw caught;
  }
});

async function attempt(awaitable: Awaitable<unknown>, limit: number | undefined): Promise<void> {
  try {
    print('has', await waitFor(awaitable, limit));
  } catch (error) {
    if (error instanceof TimeoutError) print('too late');
    else if (error instanceof RuntimeError) print('failed', error.message);
    else throw error;
  }
}

async function main(): Promise<void> {
  await attempt(work('a', 0), 10);
  await attempt(work('b', 0), undefined);
  await attempt(work('c', 10), 0.01);
  await attempt(work('d', 10, { after: 0.02 }), 0.01);
  await attempt(work('e', 10, { error: new RuntimeError('instead') }), 0.01);
  const task = createTask(work('f', 10));
  await attempt(task, 0.01);
  print(task.cancelled());
  const done = createTask(work('g', 0));
  await done;
  await attempt(done, 0);
  await attempt(done, -1);
  const never = getRunningLoop().createFuture();
  await attempt(never, 0.01);
  print(never.cancelled());

  const waits = createTask(() => attempt(work('h', 10), 10));
  await sleep(0.01);
  waits.cancel();
  try {
    await waits;
  } catch {
    print('cancelled from outside', waits.cancelled());
  }
  const nested = createTask(() => attempt(waitFor(work('i', 10), 10), 0.01));
  await nested;
}

await run(main);
