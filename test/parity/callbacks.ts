/** Callbacks of the loop and of futures: their order among one another and among tasks. */
import { createTask, type Future, getRunningLoop, run, sleep } from '../../src/index.ts';
import { print } from '../support/print.ts';

async function main(): Promise<void> {
  const loop = getRunningLoop();

  const say = (...words: unknown[]): void => print(...words);

  async function waits(future: Future<number>, name: string): Promise<void> {
    print(name, 'has', await future);
  }

  let future = loop.createFuture<number>();
  future.addDoneCallback((f) => say('first callback', f.result()));
  const tasks = [createTask(() => waits(future, 'a'))];
  await sleep(0);
  future.addDoneCallback((f) => say('second callback', f.result()));
  tasks.push(createTask(() => waits(future, 'b')));
  await sleep(0);
  loop.callSoon(say, 'soon before');
  future.setResult(1);
  loop.callSoon(say, 'soon after');
  future.addDoneCallback((f) => say('late callback', f.result()));
  print('set');
  for (const task of tasks) await task;

  const chain = (depth: number): void => {
    say('depth', depth);
    if (depth > 0) loop.callSoon(chain, depth - 1);
  };

  loop.callSoon(chain, 2);
  loop.callSoon(say, 'beside');
  for (let turn = 0; turn < 4; turn += 1) {
    await sleep(0);
    print('turn', turn);
  }

  const handle = loop.callSoon(say, 'never');
  loop.callSoon(say, 'before the cancel is known');
  handle.cancel();
  print(handle.cancelled());
  await sleep(0);

  const other = (): void => say('other');
  const remove = (f: Future<number>): void => say('removes', f.removeDoneCallback(other));

  future = loop.createFuture<number>();
  for (const callback of [remove, other, other]) future.addDoneCallback(callback);
  print('taken back', future.removeDoneCallback(other));
  future.addDoneCallback(other);
  future.cancel();
  await sleep(0);
  print(future.cancelled());
}

await run(main);
