/** A future is done in turn 4; a cancel of the task that waits for it comes in each of the turns 0 to 8. */
import { createTask, getRunningLoop, run, sleep } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function waits(name: string, wait: PromiseLike<unknown>): Promise<void> {
  try {
    print(name, 'has', await wait);
  } catch (error) {
    print(name, 'cancelled');
    throw error;
  }
}

async function cancelIn(turns: number): Promise<void> {
  const loop = getRunningLoop();
  const future = loop.createFuture<string>();
  const worker = async (): Promise<string> => {
    await waits('future', future);
    await waits('turn', sleep(0, 'turned'));
    return 'result';
  };
  const inTurn = (left: number, callback: () => void): void => {
    if (left === 0) callback();
    else loop.callSoon(inTurn, left - 1, callback);
  };
  const finish = (): void => {
    if (!future.cancelled()) future.setResult('value');
  };

  const task = createTask(worker);
  inTurn(4, finish);
  inTurn(turns, () => print('asked', task.cancel()));
  try {
    print('worker', await task);
  } catch {
    print('worker cancelled');
  }
  for (let turn = 0; turn < 9; turn += 1) await sleep(0);
  print(future.cancelled(), task.cancelled(), task.cancelling());
}

async function main(): Promise<void> {
  for (let turns = 0; turns < 9; turns += 1) {
    print('-- cancel in turn', turns);
    await cancelIn(turns);
  }
}

await run(main);
