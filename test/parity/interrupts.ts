/** What Ctrl-C does to a program, by what its main does with the cancel; and what a raised one does. */
import {
  CancelledError,
  createTask,
  currentTask,
  getRunningLoop,
  KeyboardInterrupt,
  run,
  SystemExit,
  sleep,
  type Task,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

function interrupt(): void {
  process.kill(process.pid, 'SIGINT');
}

async function passesItOn(): Promise<void> {
  getRunningLoop().callLater(0.01, interrupt);
  try {
    await sleep(10);
  } catch (error) {
    print('main cancelled', currentTask()?.cancelling());
    throw error;
  }
}

async function waitsForAFuture(): Promise<void> {
  const future = getRunningLoop().createFuture();
  getRunningLoop().callLater(0.01, interrupt);
  try {
    await future;
  } catch {
    print('future cancelled', future.cancelled());
    throw new CancelledError();
  }
}

async function takesTurns(): Promise<void> {
  getRunningLoop().callLater(0.01, interrupt);
  try {
    while (true) await sleep(0);
  } catch {
    print('cancelled between turns');
    throw new CancelledError();
  }
}

async function swallowsIt(): Promise<string> {
  getRunningLoop().callLater(0.01, interrupt);
  try {
    await sleep(10);
  } catch {
    print('swallowed');
  }
  await sleep(0.01);
  return 'result';
}

async function failsWithSomethingElse(): Promise<void> {
  getRunningLoop().callLater(0.01, interrupt);
  try {
    await sleep(10);
  } catch {
    throw new RangeError('something else');
  }
}

async function isCancelledByOthersToo(): Promise<void> {
  const main = currentTask() as Task<unknown>;
  getRunningLoop().callLater(0.01, () => {
    main.cancel('others');
    interrupt();
  });
  try {
    await sleep(10);
  } finally {
    // Node hears of a signal later than Python.
    while (main.cancelling() < 2) await sleep(0.001).catch(() => {});
    print('cancelled twice');
  }
}

async function interruptedTwice(): Promise<void> {
  getRunningLoop().callLater(0.01, interrupt);
  try {
    await sleep(10);
  } catch {
    print('cleans up');
    getRunningLoop().callLater(0.01, interrupt);
    try {
      await sleep(10);
    } catch (error) {
      print('cancelled when the loop closes');
      throw error;
    }
  }
}

async function leavesATask(): Promise<void> {
  const other = async (): Promise<void> => {
    try {
      await sleep(10);
    } finally {
      print('other cleans up');
    }
  };
  keep.push(createTask(other));
  await passesItOn();
}

async function hasItsOwnHandler(): Promise<string> {
  const loop = getRunningLoop();
  loop.addSignalHandler('SIGINT', () => print('handler'));
  loop.callLater(0.01, interrupt);
  await sleep(0.3);
  print('not cancelled', currentTask()?.cancelling());
  loop.removeSignalHandler('SIGINT');
  return 'result';
}

async function raisesInATask(): Promise<void> {
  const task = createTask(async () => {
    throw new KeyboardInterrupt('by hand');
  });
  keep.push(task);
  try {
    await sleep(10);
  } catch (error) {
    print('main cancelled when the loop closes');
    const { name, message } = task.exception() as Error;
    print(`${name}('${message}')`);
    throw error;
  }
}

async function exitsInACallback(): Promise<void> {
  getRunningLoop().callSoon(() => {
    throw new SystemExit(4);
  });
  getRunningLoop().callSoon(print, 'the rest of the turn');
  try {
    await sleep(10);
  } catch (error) {
    print('main cancelled when the loop closes');
    throw error;
  }
}

async function exits(): Promise<void> {
  throw new SystemExit(3);
}

const keep: Task<unknown>[] = [];

async function see(name: string, body: () => Promise<unknown>): Promise<void> {
  print('--', name);
  try {
    print('has', await run(body));
  } catch (error) {
    if (error instanceof SystemExit) print('raises SystemExit', error.code);
    else {
      const { name, message } = error as Error;
      print('raises', name === 'RangeError' ? 'ValueError' : name, message);
    }
  }
  print(...keep.map((task) => task.done()));
  keep.length = 0;
}

await see('passes it on', passesItOn);
await see('waits for a future', waitsForAFuture);
await see('takes turns', takesTurns);
await see('swallows it', swallowsIt);
await see('fails with something else', failsWithSomethingElse);
await see('is cancelled by others too', isCancelledByOthersToo);
await see('interrupted twice', interruptedTwice);
await see('leaves a task', leavesATask);
await see('has its own handler', hasItsOwnHandler);
await see('raises in a task', raisesInATask);
await see('exits in a callback', exitsInACallback);
await see('exits', exits);
