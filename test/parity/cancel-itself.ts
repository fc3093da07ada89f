/** Tasks that cancel themselves: at the next wait, on what is done, at the end, on another task. */
import {
  CancelledError,
  createTask,
  currentTask,
  getRunningLoop,
  run,
  sleep,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

async function beforeAWait(): Promise<void> {
  currentTask()?.cancel('self');
  print('still here');
  await sleep(10);
}

async function beforeWhatIsDone(): Promise<void> {
  const done = getRunningLoop().createFuture<string>();
  done.setResult('done');
  currentTask()?.cancel('self');
  print('got', await done);
  await sleep(0);
  print('not reached');
}

async function atTheEnd(): Promise<string> {
  currentTask()?.cancel('self');
  return 'lost';
}

async function atTheEndByAnError(): Promise<void> {
  currentTask()?.cancel('self');
  throw new RangeError('kept');
}

async function beforeATask(): Promise<string> {
  const task = createTask(async () => {
    try {
      await sleep(10);
    } catch (error) {
      print('inner cancelled', (error as Error).message);
      return 'refused';
    }
    return 'not reached';
  });
  await sleep(0);
  currentTask()?.cancel('self');
  print('goes on with', await task);
  await sleep(0);
  return 'went on';
}

async function main(): Promise<void> {
  const bodies: (() => Promise<unknown>)[] = [
    beforeAWait,
    beforeWhatIsDone,
    atTheEnd,
    atTheEndByAnError,
    beforeATask,
  ];
  for (const body of bodies) {
    const task = createTask(body);
    for (let turn = 0; turn < 3; turn += 1) {
      print('turn', turn, task.done());
      await sleep(0);
    }
    try {
      print('main has', await task);
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof CancelledError) print('main saw cancelled', message);
      else print('main saw', message);
    }
    print(task.cancelled(), task.cancelling());
  }
}

await run(main);
