/** What the exception handler is told, and when: of callbacks, and of the end of the program. */
import {
  CancelledError,
  createTask,
  type ExceptionHandler,
  getRunningLoop,
  RuntimeError,
  run,
  sleep,
  wait,
} from '../../src/index.ts';
import { print } from '../support/print.ts';

const handler: ExceptionHandler = (_loop, { message, exception }) => {
  const text = message
    ?.split(' at ')[0]
    ?.split('(')[0]
    ?.replace('<anonymous>', 'main.<locals>.<lambda>');
  print('told', text, '|', (exception as Error | undefined)?.message);
};

async function fails(turns: number, text: string): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await sleep(0);
  throw new RuntimeError(text);
}

async function failsWhenCancelled(): Promise<void> {
  try {
    await sleep(10);
  } catch (error) {
    if (error instanceof CancelledError) throw new RuntimeError('in the end');
  }
}

async function main(): Promise<void> {
  const loop = getRunningLoop();
  loop.setExceptionHandler(handler);

  const throws = (text: string): void => {
    print('throws', text);
    throw new RuntimeError(text);
  };
  Object.defineProperty(throws, 'name', { value: 'main.<locals>.throws' });

  loop.callSoon(throws, 'soon');
  loop.callSoon(print, 'the next one runs');
  loop.callLater(0.001, throws, 'later');
  await sleep(0);
  await sleep(0.01);

  const future = loop.createFuture<void>();
  future.addDoneCallback(() => throws('of a future'));
  future.addDoneCallback(() => print('the other callback'));
  future.setResult();
  await sleep(0);

  print('by hand');
  loop.callExceptionHandler({ message: 'from the program', exception: new RuntimeError('own') });

  const seen = createTask(() => fails(0, 'seen'));
  await wait([seen]);
  print('seen', (seen.exception() as Error).message);
  createTask(failsWhenCancelled);
  await sleep(0);
  print('main ends');
}

await run(main);
