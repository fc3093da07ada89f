/** Seven programs whose order of steps a loop must reproduce; each prints one line. */
import { CancelledError, createTask, getRunningLoop, run, sleep } from '../../src/index.ts';

const log: string[] = [];

function p(...words: unknown[]): void {
  log.push(words.join(' '));
}

async function walker(name: string, steps = 3): Promise<string> {
  for (let step = 0; step < steps; step += 1) {
    p(name, step);
    await sleep(0);
  }
  return name;
}

async function deep(name: string): Promise<number> {
  const l3 = async (): Promise<number> => {
    await sleep(0);
    p(name, 'l3');
    return 1;
  };
  const l2 = async (): Promise<number> => {
    const result = await l3();
    p(name, 'l2');
    return result;
  };
  const l1 = async (): Promise<number> => {
    const result = await l2();
    p(name, 'l1');
    return result;
  };

  const result = await l1();
  p(name, 'done');
  return result;
}

async function twoTasks(): Promise<void> {
  const a = createTask(() => walker('a'));
  const b = createTask(() => walker('b'));
  p('main');
  await a;
  p('a done');
  await b;
  p('b done');
}

async function callbacksBetweenSteps(): Promise<void> {
  const loop = getRunningLoop();
  loop.callSoon(p, 's1');
  const task = createTask(() => walker('t'));
  loop.callSoon(p, 's2');
  await sleep(0);
  p('m1');
  await sleep(0);
  p('m2');
  loop.callSoon(p, 's3');
  await task;
  p('end');
}

async function twoWaiters(): Promise<void> {
  const future = getRunningLoop().createFuture<number>();

  const wait = async (name: string): Promise<void> => {
    p(name, 'wait');
    const result = await future;
    p(name, 'got', result);
    await sleep(0);
    p(name, 'after');
  };

  const a = createTask(() => wait('a'));
  const b = createTask(() => wait('b'));
  future.addDoneCallback(() => p('cb'));
  await sleep(0);
  p('set');
  future.setResult(7);
  future.addDoneCallback(() => p('late cb'));
  p('x');
  await sleep(0);
  p('y');
  await a;
  p('z');
  await b;
  p('end');
}

async function coroutinesInCoroutines(): Promise<void> {
  const a = createTask(() => deep('a'));
  const b = createTask(() => deep('b'));
  const c = createTask(() => walker('c', 4));
  p('m');
  await a;
  p('A');
  await b;
  p('B');
  await c;
  p('C');
}

async function cancelledWhileAsleep(): Promise<void> {
  const victim = async (name: string): Promise<void> => {
    try {
      p(name, 'start');
      await sleep(100);
    } catch (error) {
      p(name, 'cancelled');
      await sleep(0);
      p(name, 'cleanup');
      throw error;
    } finally {
      p(name, 'finally');
    }
  };

  const task = createTask(() => victim('v'));
  const other = createTask(() => walker('o', 4));
  await sleep(0);
  p('cancel');
  task.cancel();
  p('after cancel');
  try {
    await task;
  } catch (error) {
    if (error instanceof CancelledError) p('main saw');
  }
  await other;
  p('end');
}

async function timerThatIsDue(): Promise<void> {
  const loop = getRunningLoop();
  loop.callLater(0, p, 'later0');
  loop.callSoon(p, 'soon');

  const nest = (): void => {
    p('nest');
    loop.callSoon(p, 'nested');
  };

  loop.callSoon(nest);
  await sleep(0);
  p('m');
  await sleep(0);
  p('m2');
  await sleep(0);
  p('m3');
}

async function cancelledBeforeItBegins(): Promise<void> {
  const never = async (): Promise<void> => p('never runs');

  const task = createTask(never);
  task.cancel();
  try {
    await task;
  } catch (error) {
    if (error instanceof CancelledError) p('cancelled before start');
  }

  const outer = async (): Promise<string> => {
    const inner = createTask(() => walker('in', 2));
    const result = await inner;
    p('outer', result);
    return 'o';
  };

  const result = await createTask(outer);
  p(result);
}

const programs = [
  twoTasks,
  callbacksBetweenSteps,
  twoWaiters,
  coroutinesInCoroutines,
  cancelledWhileAsleep,
  timerThatIsDue,
  cancelledBeforeItBegins,
];
for (const [index, program] of programs.entries()) {
  log.length = 0;
  await run(program);
  console.log(`${index + 1} ${log.join('|')}`);
}
