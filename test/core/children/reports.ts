/**
 * Programs whose objects are lost: what is said of them, and when. The first argument names one.
 *
 * Each says on stdout what it wants known of the moment, and leaves the rest to the library.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as asyncio from '../../../src/index.ts';

setFlagsFromString('--expose-gc');
const collectNow = runInNewContext('gc') as () => void;

/** Waits until something was said on stderr, or for `seconds`. */
async function saidWithin(seconds: number): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  while (said === 0 && performance.now() < end) await asyncio.sleep(0.01);
  return said > 0;
}

let said = 0;
const write = process.stderr.write.bind(process.stderr);
process.stderr.write = ((...args: Parameters<typeof write>) => {
  said += 1;
  return write(...args);
}) as typeof write;

const boom = asyncio.coroutine(async function boom(text: string) {
  throw new RangeError(text);
});

function makeFailing(count: number): void {
  for (let n = 0; n < count; n += 1)
    asyncio.createTask(boom(`boom ${n}`), { name: `failing-${n}` });
}

const programs: Record<string, () => Promise<void>> = {
  /** A future fails, and is dropped. */
  async future() {
    asyncio.getRunningLoop().createFuture().setException(new RangeError('boom'));
    console.log(`said while running: ${await saidWithin(20)}`);
  },

  /** A task fails after it has slept, and is dropped. */
  async task() {
    asyncio.createTask(async function zeroError() {
      await asyncio.sleep(0.01);
      throw new RangeError('division by zero');
    });
    console.log(`said while running: ${await saidWithin(20)}`);
  },

  /** A task fails, and what it made outlives it, with the context that it was made in. */
  async outlived() {
    asyncio.createTask(async function leavesTimer() {
      setTimeout(() => {}, 60_000).unref();
      throw new RangeError('boom');
    });
    console.log(`said while running: ${await saidWithin(20)}`);
  },

  /** A task fails, and somebody still refers to it at the end. */
  async referenced() {
    (globalThis as { kept?: unknown }).kept = asyncio.createTask(boom('boom'));
    await asyncio.sleep(0.01);
    console.log(`said while running: ${await saidWithin(0.3)}`);
  },

  /** Outcomes of all kinds that are no news. */
  async silent() {
    const loop = asyncio.getRunningLoop();
    loop.createFuture();
    loop.createFuture().setResult(42);
    loop.createFuture().cancel();
    const read = loop.createFuture();
    read.setResult(42);
    read.result();
    const cancelledLater = loop.createFuture();
    cancelledLater.setException(new Error('cancelled later'));
    cancelledLater.cancel();
    const asked = loop.createFuture();
    asked.setException(new Error('asked'));
    asked.exception();
    const thrown = loop.createFuture();
    thrown.setException(new Error('thrown'));
    try {
      thrown.result();
    } catch {}
    await asyncio.createTask(boom('boom')).catch(() => {});
    const task = asyncio.createTask(async () => await asyncio.sleep(60));
    await asyncio.sleep(0);
    task.cancel();
    console.log(`said while running: ${await saidWithin(0.3)}`);
  },

  /** A task fails in a program that has 100 MB in its heap. */
  async large() {
    const ballast = Array.from({ length: 1_000_000 }, (_, n) => ({ n, inner: { n } }));
    makeFailing(1);
    console.log(`said while running: ${await saidWithin(20)}, beside ${ballast.length} objects`);
  },

  /** A thousand failures at once. */
  async thousand() {
    makeFailing(1000);
    await saidWithin(20);
    await asyncio.sleep(0.5);
    console.log('end of the program');
  },

  /** Nobody asks for collections. */
  async switchedOff() {
    asyncio.setCollectorEnabled(false);
    collectNow(); // or V8 does, for the first time: just when a program has begun
    makeFailing(1);
    console.log(`said while running: ${await saidWithin(0.3)}`);
  },

  /** The same, by ASYNCIO_COLLECTOR=off from outside. */
  async environment() {
    collectNow();
    makeFailing(1);
    console.log(`${asyncio.isCollectorEnabled()}, said while running: ${await saidWithin(0.3)}`);
  },

  /** A coroutine is made, and dropped. */
  async neverAwaited() {
    boom('boom');
    console.log(`said while running: ${await saidWithin(20)}`);
  },

  /** A coroutine is made, and somebody still refers to it at the end. */
  async keptCoroutine() {
    (globalThis as { kept?: unknown }).kept = boom('boom');
    console.log(`said while running: ${await saidWithin(0.3)}`);
  },

  /** Coroutines that were awaited, given to a task, or closed. */
  async awaited() {
    const fine = asyncio.coroutine(async function fine() {});
    await fine();
    asyncio.createTask(fine());
    fine().close();
    console.log(`said while running: ${await saidWithin(0.3)}`);
  },

  /** A loop is dropped without close(). */
  async loop() {
    asyncio.newEventLoop();
    asyncio.createTask(boom('so that a collection comes'));
    console.log(`said while running: ${await saidWithin(20)}`);
    await asyncio.sleep(0.1);
  },
};

const {
  [process.argv[2] as string]: program = () => Promise.reject(new Error('no such program')),
} = programs;

await asyncio.run(async () => {
  // On a busy machine a step may be slow, and debug mode would say so.
  asyncio.getRunningLoop().slowCallbackDuration = 60;
  await program();
});
