import { inspect } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import * as assert from 'uvu/assert';
import {
  CancelledError,
  type Coroutine,
  createTask,
  currentTask,
  Event,
  Lock,
  Queue,
  RuntimeError,
  Semaphore,
  sleep,
  wait,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

class P<T> extends Promise<T> {}

/** A call, and what came of it: each begins with nothing to wait for, or waits until `free()`. */
interface Case {
  readonly call: Coroutine<unknown>;
  readonly gives: unknown;
  /** Has it begun: taken, put or counted something, or does it wait in line? */
  began(): boolean;
  free(): void;
}

const isWaiting = (primitive: object): boolean => /waiters|_getters|_putters/.test(`${primitive}`);

const cases: Record<string, (isFree: boolean) => Case> = {
  'Lock.acquire': (isFree) => {
    const lock = new Lock();
    if (!isFree) void lock.acquire().then(() => {});
    return {
      call: lock.acquire(),
      gives: true,
      began: () => (isFree ? lock.locked() : isWaiting(lock)),
      free: () => lock.release(),
    };
  },
  'Semaphore.acquire': (isFree) => {
    const semaphore = new Semaphore(isFree ? 1 : 0);
    return {
      call: semaphore.acquire(),
      gives: true,
      began: () => (isFree ? semaphore.locked() : isWaiting(semaphore)),
      free: () => semaphore.release(),
    };
  },
  'Queue.get': (isFree) => {
    const queue = new Queue<string>();
    if (isFree) queue.putNowait('item');
    return {
      call: queue.get(),
      gives: 'item',
      began: () => (isFree ? queue.empty() : isWaiting(queue)),
      free: () => queue.putNowait('item'),
    };
  },
  'Queue.put': (isFree) => {
    const queue = new Queue<string>(1);
    if (!isFree) queue.putNowait('first');
    return {
      call: queue.put('item'),
      gives: undefined,
      began: () => (isFree ? queue.full() : isWaiting(queue)),
      free: () => void queue.getNowait(),
    };
  },
};

/** Ways to wait for a call that V8 or Node has, besides a plain `await`. */
const ways: Record<string, (call: Coroutine<unknown>) => PromiseLike<unknown>> = {
  'P.all': async (call) => (await P.all([call]))[0],
  'P.race': (call) => P.race([call]),
  'P.any': (call) => P.any([call]),
  'P.resolve': (call) => P.resolve(call),
  'new P': (call) => new P((resolve) => resolve(call)),
  'Promise.all': async (call) => (await Promise.all([call]))[0],
  'Promise.resolve': (call) => Promise.resolve(call),
  'Promise.resolve, later': async (call) => {
    const promise = Promise.resolve(call);
    await sleep(0);
    return await promise;
  },
  'an array': async (call) => {
    for await (const given of [call]) return given;
    return 'nothing';
  },
  'an array, later': async (call) => {
    await sleep(0);
    for await (const given of [call]) return given;
    return 'nothing';
  },
  'a return': async (call) => call,
  'an async generator': async (call) => {
    async function* one(): AsyncGenerator<unknown> {
      yield call;
    }
    return (await one().next()).value;
  },
  'an async generator that delegates': async (call) => {
    async function* one(): AsyncGenerator<unknown> {
      yield* [call];
    }
    return (await one().next()).value;
  },
  'the return of an async generator': async (call) => {
    // biome-ignore lint/correctness/useYield: its return is what is tested
    async function* one(): AsyncGenerator<never, unknown> {
      return call;
    }
    return (await one().next()).value;
  },
  'return() of an async generator': async (call) => {
    async function* one(): AsyncGenerator<unknown> {}
    return (await one().return(call)).value;
  },
  'finally()': async (call) => {
    let given: unknown;
    await Promise.resolve().finally(() => call.then((value) => (given = value)));
    return given;
  },
  'a vm': (call) => runInContext('(async (call) => await call)', createContext())(call),
  'Promise.all of a vm': async (call) =>
    (await runInContext('(call) => Promise.all([call])', createContext())(call))[0],
  ...('fromAsync' in Array && {
    'Array.fromAsync': async (call) => (await (Array as unknown as FromAsync).fromAsync([call]))[0],
  }),
};

interface FromAsync {
  fromAsync(values: Iterable<unknown>): Promise<unknown[]>;
}

/** Ways to wait for what a generator of its own makes as it is asked. */
const generators: Record<string, (make: () => Coroutine<unknown>) => Promise<unknown>> = {
  'for await': async (make) => {
    function* one(): Generator<Coroutine<unknown>> {
      yield make();
    }
    for await (const given of one()) return given;
    return 'nothing';
  },
  'for await, with a promise in between': async (make) => {
    function* one(): Generator<Coroutine<unknown>> {
      const call = make();
      void Promise.resolve(1).then(() => {});
      yield call;
    }
    for await (const given of one()) return given;
    return 'nothing';
  },
  'yield*': async (make) => {
    function* one(): Generator<Coroutine<unknown>> {
      yield make();
    }
    async function* all(): AsyncGenerator<unknown> {
      yield* one();
    }
    return (await all().next()).value;
  },
  ...('fromAsync' in Array && {
    'Array.fromAsync': async (make: () => Coroutine<unknown>) => {
      function* two(): Generator<Coroutine<unknown> | number> {
        yield 1;
        yield make();
      }
      return (await (Array as unknown as FromAsync).fromAsync(two()))[1];
    },
  }),
};

/** What looks at an object, and does not wait for it. */
const looks: Record<string, (call: Coroutine<unknown>) => unknown> = {
  'the constructor': (call) => call.constructor,
  'constructor, twice': (call) => [call.constructor, call.constructor.name],
  inspect: (call) => inspect(call),
  String: (call) => String(call),
  JSON: (call) => JSON.stringify(call),
  keys: (call) => [Object.keys(call), { ...call }],
  instanceof: (call) => [call instanceof Promise, Object.getPrototypeOf(call)],
  'assert.equal': (call) => throws(() => assert.equal(call, Promise.resolve()), Error),
  'the methods': (call) => [call.then, call.catch, call.finally],
  wait: (call) => throws(() => wait(call as never), TypeError),
};

const made = Promise.resolve('outside');

/** What is awaited next, instead. Each begins at once: an `await` of another function would come first. */
const nextAwaits: Record<string, () => unknown> = {
  null: () => null,
  undefined: () => undefined,
  'a number': () => 5,
  'an object': () => ({}),
  // biome-ignore lint/suspicious/noThenProperty: it is awaited
  'a thenable': () => ({ then: (resolve: (value: null) => void) => resolve(null) }),
  'a promise that was made before the program ran': () => made,
  'a new promise': () => Promise.resolve(1),
  'an async function': () => (async () => {})(),
  'sleep()': () => sleep(0),
};

loopBehaviour('a call of a primitive', (it) => {
  for (const [name, make] of Object.entries(cases)) {
    for (const [way, waitFor] of Object.entries(ways)) {
      it(`is waited for by ${way}: ${name}`, async () => {
        const free = make(true);
        assert.equal(await waitFor(free.call), free.gives);

        const busy = make(false);
        const task = createTask(async () => await waitFor(busy.call));
        for (let turns = 0; turns < 4; turns += 1) await sleep(0);
        assert.ok(busy.began());
        busy.free();
        assert.equal(await task, busy.gives);
      });
    }

    for (const [way, by] of Object.entries(generators)) {
      it(`is awaited if a generator creates it, ${way}: ${name}`, async () => {
        let made: Case | undefined;
        const given = await by(() => {
          made = make(true);
          return made.call;
        });
        assert.equal(given, made?.gives);
      });
    }

    for (const [look, act] of Object.entries(looks)) {
      it(`does not start when it is inspected, ${look}: ${name}`, async () => {
        const { call, began, gives } = make(true);

        act(call);
        await sleep(0);
        await Promise.resolve();
        assert.not(began());

        act(call);
        assert.equal(await call, gives);
        assert.ok(began());
      });
    }

    for (const [next, go] of Object.entries(nextAwaits))
      it(`does not start when it is inspected before the await of ${next}: ${name}`, async () => {
        const { call, began, gives } = make(true);

        void call.constructor;
        await go();
        assert.not(began());

        assert.equal(await call, gives);
      });

    it(`is cancelled if a foreign promise waits for it: ${name}`, async () => {
      for (const waitFor of [ways['P.all'], ways['a vm'], ways['Promise.resolve, later']]) {
        const { call } = make(false);
        const task = createTask(async () => await waitFor?.(call));
        for (let turns = 0; turns < 4; turns += 1) await sleep(0);
        task.cancel();
        await rejects(task, CancelledError);
      }
    });
  }

  it('starts once, however many promises are made from it', async () => {
    const queue = new Queue<number>();
    queue.putNowait(1);
    queue.putNowait(2);
    const call = queue.get();
    const promise = P.resolve(call);

    assert.equal([await promise, await promise], [1, 1]);
    assert.is(queue.qsize(), 1);
    await rejects(awaitTwice(queue.get()), RuntimeError, {
      message: 'cannot reuse already awaited coroutine',
    });
  });

  it('does not start when it is inspected outside of tasks', async (loop) => {
    const queue = new Queue<number>();
    queue.putNowait(1);
    const call = queue.get();
    const look = new Promise((resolve) => setImmediate(() => resolve(call.constructor)));
    await look;
    assert.is(queue.qsize(), 1);
    loop.callSoon(() => void call.constructor);
    await sleep(0);
    assert.is(queue.qsize(), 1);
    assert.is(await call, 1);
  });
});

async function awaitTwice(call: Coroutine<unknown>): Promise<void> {
  await call;
  await call;
}

loopBehaviour('a task that runs code of vm', (it) => {
  const run = (code: string, globals: object = {}): unknown =>
    runInContext(code, createContext(globals, { microtaskMode: 'afterEvaluate' }));

  it('is the current task after it', async () => {
    const task = currentTask();
    assert.ok(task);
    run('(async () => { await 1; await 2; })()');
    assert.is(currentTask(), task);
    run('(async () => { await 1; nested(); await 2; })()', {
      nested: () => run('Promise.resolve().then(() => {}).finally(() => {})'),
    });
    assert.is(currentTask(), task);
    await sleep(0);
    assert.is(currentTask(), task);
  });

  it('is the current task in it, and in its callbacks', async () => {
    const task = currentTask();
    const seen: unknown[] = [];
    run('(async () => { see(); await 1; see(); await null; see(); })()', {
      see: () => seen.push(currentTask()),
    });
    assert.equal(
      seen.map((each) => each === task),
      [true, true, true],
    );
  });

  it('is cancelled where it waits next', async () => {
    const task = createTask(async () => {
      run('(async () => { await 1; })()');
      await new Event().wait();
    });
    await sleep(0);
    task.cancel();
    await rejects(task, CancelledError);
  });

  it("leaves no current task in Node's callbacks", async () => {
    run('(async () => { await 1; })()');
    const seen = await new Promise((resolve) => setImmediate(() => resolve(currentTask())));
    assert.is(seen, undefined);
  });
});

loopBehaviour('a promise that is made in a task', (it) => {
  it('shows no frames of the library', async () => {
    const made = [
      new Promise(() => {}),
      (async () => {})(),
      Promise.resolve(1).then(() => {}),
      Promise.all([]),
    ];
    // A signal has it noted what each await waits for.
    void currentTask()?.signal;
    made.push((async () => await Promise.resolve(1))());
    for (const promise of made) {
      assert.not.match(inspect(promise, { showHidden: true }), /asyncio|Scope/);
      assert.not.match(Reflect.ownKeys(promise).map(String).join(), /asyncio/);
    }
  });
});
