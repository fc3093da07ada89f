/**
 * Runs a loop under fake timers: a program of its own, for nothing else that runs beside it would go on.
 * Arguments: the fakes, and what the loop is to do.
 */
import { mock } from 'node:test';
import * as assert from 'uvu/assert';
import { createTask, run, sleep, timeout, toThread } from '../../../src/index.ts';
import { runVirtual } from '../../../src/testing.ts';

/** What puts its own timers in the place of Node's; each gives back a function that ends that. */
const fakes: Record<string, () => () => void> = {
  'mock.timers': () => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] });
    return () => mock.timers.reset();
  },

  // As @sinonjs/fake-timers does, of everything that it can; no clock of it ever ticks.
  'fakes of everything': () => {
    const never = (): object => ({ unref() {}, ref() {} });
    const places: [object, string, unknown][] = [
      ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'].map(
        (name): [object, string, unknown] => [globalThis, name, never],
      ),
      ...['clearTimeout', 'clearInterval', 'clearImmediate'].map(
        (name): [object, string, unknown] => [globalThis, name, () => {}],
      ),
      [process, 'nextTick', never],
      [process, 'hrtime', () => [0, 0]],
      [performance, 'now', () => 0],
      [globalThis, 'performance', { now: () => 0 }],
      [Date, 'now', () => 0],
    ];
    const before = places.map(([object, name, fake]) => {
      const descriptor = Object.getOwnPropertyDescriptor(object, name);
      Object.defineProperty(object, name, { value: fake, configurable: true, writable: true });
      return descriptor;
    });
    return () => {
      for (const [at, [object, name]] of places.entries()) {
        Reflect.deleteProperty(object, name);
        const descriptor = before[at];
        if (descriptor !== undefined) Object.defineProperty(object, name, descriptor);
      }
    };
  },
};

/** What a loop must do under them. */
const scenarios: Record<string, (install: () => () => void) => Promise<void>> = {
  'begun under them': async (install) => {
    const reset = install();
    try {
      const main = async (): Promise<string> => {
        const turns = Array.from({ length: 40 }, () => createTask(() => sleep(0)));
        for (const turn of turns) await turn;
        await sleep(0.001);
        return await timeout(3600, () => toThread((text: string) => text, 'ended'));
      };
      assert.is(await run(main), 'ended');
      assert.is(await run(main, { debug: true }), 'ended');
    } finally {
      reset();
    }
  },

  'they come and go': (install) =>
    run(async () => {
      const before = sleep(0.002, 'asked for before');
      const reset = install();
      const meanwhile = sleep(0.001, 'asked for meanwhile');
      assert.is(await meanwhile, 'asked for meanwhile');
      assert.is(await before, 'asked for before');
      const across = sleep(0.001, 'asked for across');
      reset();
      assert.is(await across, 'asked for across');
    }),

  'virtual time': async (install) => {
    const reset = install();
    try {
      assert.is(await runVirtual(() => sleep(3600, 'an hour')), 'an hour');
    } finally {
      reset();
    }
  },
};

const [fake, scenario] = process.argv.slice(2);
await scenarios[String(scenario)]?.(fakes[String(fake)] as () => () => void);
console.log('passed');
