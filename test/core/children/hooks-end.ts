// Prints whether promises are followed, at several moments of a program.
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { areFollowed } from '../../../src/core/context/promise-hooks.ts';
import * as asyncio from '../../../src/index.ts';

const [story] = process.argv.slice(2);

async function show(when: string): Promise<void> {
  await wait(5);
  console.log(`${when}: ${areFollowed()}`);
}

/** The loop of `enter()` rests a few turns later, which takes long on a busy machine. */
async function showAtRest(): Promise<void> {
  for (let n = 0; n < 1000 && areFollowed(); n += 1) await wait(5);
  await show('at rest');
}

/** Collects until promises are followed no more. */
async function collect(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let n = 0; n < 10; n += 1) {
    await wait(5);
    gc();
  }
}

/** Has each promise an id, as hooks of Node's give it? */
function haveIds(): boolean {
  return Object.getOwnPropertySymbols(Promise.resolve()).length > 0;
}

const variable = ['variable', 'ids'].includes(String(story))
  ? new asyncio.ContextVar<string>('variable')
  : undefined;

await show('before');
if (story === 'runs') {
  for (const name of ['first', 'second']) {
    await asyncio.run(async () => {
      const cancelled = asyncio.createTask(() => asyncio.sleep(10));
      await asyncio.sleep(0);
      cancelled.cancel();
      await asyncio.wait([cancelled]);
      await show(name);
      console.log(asyncio.currentTask()?.getName() !== undefined);
    });
    await show(`after the ${name}`);
  }
  const [one, other] = [new asyncio.Loop(), new asyncio.Loop()];
  await one.runUntilComplete(() => asyncio.sleep(0));
  one.close();
  await show('one is open');
  other.close();
  await show('none is open');
} else if (story === 'variable') {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  const told = await asyncio.run(async () => {
    variable?.set('value');
    const later = async (): Promise<string | undefined> => {
      await opened;
      return variable?.get();
    };
    return { later: later() };
  });
  await show('after');
  open();
  console.log(await told.later);
  console.log(variable?.get('none'));
} else if (story === 'abandoned') {
  let tell: (error: unknown) => void = () => {};
  const told = new Promise<unknown>((resolve) => (tell = resolve));
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  await asyncio.run(async () => {
    const body = async (): Promise<void> => {
      await opened;
      await wait(1);
      // Another run is under way by then.
      try {
        await asyncio.sleep(0);
        tell('nothing was thrown');
      } catch (error) {
        tell(error);
        throw error;
      }
    };
    await asyncio.timeout(0.01, body).catch(() => {});
  });
  await show('left behind');
  open();
  await asyncio.run(async () => void (await told));
  console.log(String(((await told) as Error).name));
  await show('after');
} else if (story === 'pending') {
  const loop = new asyncio.Loop();
  loop.setExceptionHandler(() => {});
  loop.createTask(() => wait(1));
  await loop.runUntilComplete(() => asyncio.sleep(0));
  loop.createTask(() => asyncio.sleep(10));
  loop.close();
  await show('left pending');
  await collect();
  await show('collected');
} else if (story === 'forgotten') {
  await asyncio.run(() => asyncio.moveOnAfter(0.01, () => new Promise(() => {})));
  await show('left behind');
  await collect();
  await show('collected');
} else if (story === 'enter') {
  await asyncio.enter(() => asyncio.sleep(0));
  await showAtRest();
  await asyncio.enter(() => show('inside'));
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  let done: Promise<unknown> | undefined;
  await asyncio.enter(async () => {
    const floating = async (): Promise<void> => {
      await opened;
      await asyncio.sleep(0);
    };
    done = floating();
  });
  await show('a call goes on');
  open();
  await done;
  await showAtRest();
} else if (story === 'ids') {
  console.log(haveIds());
  await asyncio.run(async () => {
    variable?.set('value');
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
    setTimeout(() => console.log(variable?.get()), 20);
  });
  await wait(40);
  await collect();
  console.log(haveIds());
  await asyncio.run(async () => {
    variable?.set('again');
    await new Promise<void>((resolve) =>
      setTimeout(() => {
        console.log(variable?.get());
        resolve();
      }, 1),
    );
  });
} else if (story === 'context') {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  const later = asyncio.copyContext().run(async () => {
    await opened;
    const made = new asyncio.ContextVar<string>('made');
    made.set('inside');
    return made;
  });
  await asyncio.run(() => asyncio.sleep(0));
  await show('after');
  open();
  console.log((await later).get('not outside'));
  await show('gone on');
} else if (story === 'tracking') {
  asyncio.setAwaitTracking(true);
  await asyncio.run(() => asyncio.sleep(0));
  await show('tracked');
  asyncio.setAwaitTracking(false);
  await show('no more');
}
