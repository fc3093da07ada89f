/** Sets the first context variable of a process: in a task, or in `Context.run()`. */
import { Context, ContextVar, createTask, run, sleep } from '../../../src/index.ts';

const variable = new ContextVar<string>('who', { default: 'nobody' });

/** Asks Node to call back in all its ways, and prints what each callback finds. */
function ask(who: string): Promise<unknown> {
  const called = (how: string, go: (callback: () => void) => void): Promise<void> =>
    new Promise((resolve) => {
      go(() => {
        console.log(`${who}, ${how}: ${variable.get()}`);
        resolve();
      });
    });
  return Promise.all([
    called('microtask', queueMicrotask),
    called('tick', (callback) => process.nextTick(callback)),
    called('immediate', (callback) => setImmediate(callback)),
    called('timer', (callback) => setTimeout(callback, 1)),
  ]);
}

if (process.argv[2] === 'in a task')
  await run(async () => {
    const silent = createTask(async () => {
      await sleep(0);
      await sleep(0);
      await ask('silent');
    });
    const setting = createTask(async () => {
      await sleep(0);
      variable.set('set');
      await ask('setting');
      await createTask(async () => await ask('child'));
    });
    await setting;
    await silent;
    await ask('main');
  });
else {
  const context = new Context();
  context.run(() => {
    const inner = new Context();
    inner.run(() => variable.set('inner'));
    console.log(`context: ${variable.get()}`);
  });
}
await ask('outside');
