/** Context variables: what tasks, callbacks and their children see, and keep to themselves. */
import {
  ContextVar,
  copyContext,
  createTask,
  gather,
  getRunningLoop,
  run,
  sleep,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

const word = new ContextVar<string>('word', { default: 'nothing' });

async function child(name: string): Promise<void> {
  print(name, 'begins with', word.get());
  word.set(name);
  await sleep(0);
  print(name, 'goes on with', word.get());
}

async function sameTask(): Promise<void> {
  word.set('from below');
  await sleep(0);
}

async function main(): Promise<void> {
  const loop = getRunningLoop();
  print(word.get());
  const token = word.set('main');
  const task = createTask(() => child('a'));
  word.set('later');
  await task;
  print('main has', word.get());
  await gather(
    () => child('b'),
    () => child('c'),
  );
  print('main has', word.get());
  await sameTask();
  print('main has', word.get());

  const callback = (name: string): void => {
    print(name, word.get());
    word.set(name);
  };

  loop.callSoon(callback, 'soon');
  word.set('changed');
  await sleep(0);
  print('main has', word.get());
  const context = copyContext();
  context.run(() => word.set('in a copy'));
  loop.callSoon(context.bind(callback), 'in that context');
  await sleep(0);
  print('main has', word.get(), context.get(word));
  await createTask(() => child('d'), { context });
  print('the context has', context.get(word));
  word.reset(token);
  print('main has', word.get());

  const future = loop.createFuture<void>();
  word.set('when asked');
  future.addDoneCallback(() => print('done', word.get()));
  word.set('when set');
  future.setResult();
  await sleep(0);
}

await run(main);
