/**
 * Cancels at every turn: nothing is lost, and nobody is left waiting.
 */
import { inspect } from 'node:util';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  Barrier,
  BrokenBarrierError,
  Condition,
  type Coroutine,
  createTask,
  Event,
  Lock,
  Queue,
  QueueShutDown,
  Semaphore,
  sleep,
  type Task,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

/** The turns before, at and after its completion in which a wait is cancelled. */
const TURNS = [0, 1, 2, 3, 4, 5, 6, 7, 8];
/** After so many turns nothing moves any more that was ever going to. */
const AT_REST = 15;

/** Something to wait for: by one who may be cancelled, and by another who stands behind. */
interface Scene {
  /** What the one waits for. */
  wait(): Coroutine<unknown>;
  /** What the other waits for; the same, where nothing is said. */
  waitToo?: () => Coroutine<unknown>;
  /** Gives what one of them waits for. */
  complete(): void;
  /** Does what is to be done after the one, if he had what he waited for, for the other's turn. */
  next?: () => void;
  /** Does the other need somebody in the place of the one, if he is cancelled? */
  missesTheOne?: true;
  /** Looks at what is left, when all is done. */
  left(): unknown;
}

/** By name: what is waited for, and what must be left in the end. */
const scenes: Record<string, { make: () => Promise<Scene> | Scene; left: unknown }> = {
  'Lock.acquire': {
    make: async () => {
      const lock = new Lock();
      await lock.acquire();
      const release = (): void => lock.release();
      return {
        wait: () => lock.acquire(),
        complete: release,
        next: release,
        left: () => form(lock),
      };
    },
    left: 'locked',
  },
  'Semaphore.acquire': {
    make: () => {
      const semaphore = new Semaphore(0);
      const release = (): void => semaphore.release();
      return {
        wait: () => semaphore.acquire(),
        complete: release,
        next: release,
        left: () => form(semaphore),
      };
    },
    left: 'locked',
  },
  'Event.wait': {
    make: () => {
      const event = new Event();
      return { wait: () => event.wait(), complete: () => event.set(), left: () => form(event) };
    },
    left: 'set',
  },
  'Condition.wait': {
    make: () => {
      const condition = new Condition();
      const notify = (): void => void createTask(() => condition.with(() => condition.notify()));
      return {
        wait: () => condition.with(() => condition.wait()),
        complete: notify,
        next: notify,
        left: () => form(condition),
      };
    },
    left: 'unlocked',
  },
  'Queue.get': {
    make: () => {
      const queue = new Queue<string>();
      const put = (): void => queue.putNowait('item');
      return { wait: () => queue.get(), complete: put, next: put, left: () => queue.qsize() };
    },
    left: 0,
  },
  'Queue.put': {
    make: () => {
      const queue = new Queue<string>(1);
      queue.putNowait('first');
      const get = (): void => void queue.getNowait();
      return {
        wait: () => queue.put('one'),
        waitToo: () => queue.put('other'),
        complete: get,
        next: get,
        left: () => queue.getNowait(),
      };
    },
    left: 'other',
  },
  'Queue.join': {
    make: () => {
      const queue = new Queue<string>();
      queue.putNowait('item');
      return { wait: () => queue.join(), complete: () => queue.taskDone(), left: () => 0 };
    },
    left: 0,
  },
  'Barrier.wait': {
    make: () => {
      const barrier = new Barrier(3);
      const come = (): void => void createTask(barrier.wait());
      return {
        wait: () => barrier.wait(),
        complete: come,
        missesTheOne: true,
        left: () => form(barrier),
      };
    },
    left: 'filling, waiters:0/3',
  },
};

/** What stands between the brackets of the printed form. */
function form(primitive: object): string | undefined {
  return /\[(.*)\]>$/.exec(String(primitive))?.[1];
}

loopBehaviour('A cancel at any turn', (it) => {
  for (const [name, { make, left }] of Object.entries(scenes))
    it(`loses nothing of ${name}`, async () => {
      for (const cancelAt of TURNS)
        for (const completeAt of TURNS)
          for (const cancelFirst of [true, false])
            for (const asCoroutine of [true, false]) {
              const scene = await make();
              const where = inspect({ cancelAt, completeAt, cancelFirst, asCoroutine });
              const start = (wait: () => Coroutine<unknown>): Task<unknown> =>
                createTask(asCoroutine ? wait() : async () => await wait());
              const one = start(scene.wait);
              const other = start(scene.waitToo ?? scene.wait);
              let asked = false;

              for (let turn = 0; turn < AT_REST; turn += 1) {
                if (turn === cancelAt && cancelFirst) asked = one.cancel();
                if (turn === completeAt) scene.complete();
                if (turn === cancelAt && !cancelFirst) asked = one.cancel();
                await sleep(0);
              }
              if (!one.cancelled()) scene.next?.();
              else if (scene.missesTheOne && !other.done()) scene.complete();
              for (let turn = 0; turn < 8; turn += 1) await sleep(0);

              assert.is(one.done(), true, `the one is left: ${where}`);
              assert.is(one.cancelled(), asked, `the cancel is lost: ${where}`);
              assert.is(other.done(), true, `the other is left: ${where}`);
              assert.equal(scene.left(), left, `something else is left: ${where}`);
            }
    });
});

/** What one task of a random program does, counted in turns. */
interface Plan {
  readonly begin: number;
  readonly hold: number;
  readonly cancelAt: number | null;
}

const plans = fc.array(
  fc.record({
    begin: fc.nat(4),
    hold: fc.nat(3),
    cancelAt: fc.option(fc.nat(20), { freq: 2 }),
  }),
  { minLength: 1, maxLength: 8 },
);

/** Runs `body` for each plan, in a task of its own, and cancels as planned. */
async function drive(plans: readonly Plan[], body: (plan: Plan, n: number) => Promise<unknown>) {
  const tasks = plans.map((plan, n) =>
    createTask(async () => {
      for (let turn = 0; turn < plan.begin; turn += 1) await sleep(0);
      return await body(plan, n);
    }),
  );
  const asked = plans.map(() => false);
  for (let turn = 0; turn < 60; turn += 1) {
    for (const [n, { cancelAt }] of plans.entries())
      if (cancelAt === turn) asked[n] = tasks[n]?.cancel() ?? false;
    await sleep(0);
  }
  return { tasks, asked };
}

/** Has the task ended well, or been refused by an error of this class? */
function isRefused(task: Task<unknown>, by: new () => Error): boolean {
  const error = task.exception();
  return error === undefined || error instanceof by;
}

/** Holds on for as long as the plan says. */
async function hold({ hold: turns }: Plan): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await sleep(0);
}

loopBehaviour('Random programs', (it) => {
  it('never hold a lock or a semaphore too often, and leave it free', async () => {
    const run = async (places: number, all: readonly Plan[]): Promise<void> => {
      const held = places === 1 ? new Lock() : new Semaphore(places);
      const free = form(held);
      let holders = 0;

      const { tasks, asked } = await drive(all, (plan) =>
        held.with(async () => {
          holders += 1;
          assert.ok(holders <= places);
          try {
            await hold(plan);
          } finally {
            holders -= 1;
          }
        }),
      );

      for (const [n, task] of tasks.entries()) {
        assert.is(task.cancelled(), asked[n]);
        if (!task.cancelled()) task.result();
      }
      assert.is(form(held), free);
    };
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 3 }), plans, run), {
      seed: 1,
      numRuns: 40,
    });
  });

  it('never lose or double an item of a queue', async () => {
    const run = async (maxsize: number, all: readonly Plan[]): Promise<void> => {
      const queue = new Queue<number>(maxsize);
      const [put, got]: [number[], number[]] = [[], []];

      const { tasks, asked } = await drive(all, async (plan, n) => {
        if (n % 2 === 0) {
          await queue.put(n);
          put.push(n);
        } else got.push(await queue.get());
        await hold(plan);
      });
      while (!queue.empty() || !tasks.every((task) => task.done())) {
        if (queue.empty()) queue.shutdown();
        else got.push(queue.getNowait());
        await sleep(0);
      }

      assert.equal(got.sort(), put.sort());
      for (const [n, task] of tasks.entries()) {
        assert.is(task.cancelled(), asked[n]);
        if (!task.cancelled()) assert.ok(isRefused(task, QueueShutDown));
      }
    };
    await fc.assert(fc.asyncProperty(fc.nat(2), plans, run), { seed: 1, numRuns: 40 });
  });

  it('never lose what a condition was notified of', async () => {
    const run = async (all: readonly Plan[]): Promise<void> => {
      const condition = new Condition();
      let items = 0;

      const { tasks, asked } = await drive(all, async (plan, n) => {
        await condition.with(async () => {
          if (n % 2 === 0) {
            items += 1;
            condition.notify();
          } else {
            await condition.waitFor(() => items > 0);
            items -= 1;
          }
          await hold(plan);
        });
      });

      const waiting = tasks.filter((task) => !task.done());
      assert.ok(items === 0 || waiting.length === 0, 'an item, and somebody who waits for it');
      assert.not(condition.locked());
      for (const task of waiting) task.cancel();
      for (let turn = 0; turn < AT_REST; turn += 1) await sleep(0);
      assert.is(form(condition), 'unlocked');
      for (const [n, task] of tasks.entries())
        assert.is(task.cancelled(), asked[n] || waiting.includes(task));
    };
    await fc.assert(fc.asyncProperty(plans, run), { seed: 1, numRuns: 40 });
  });

  it('leave no task waiting at a barrier that is finally aborted', async () => {
    const run = async (parties: number, all: readonly Plan[]): Promise<void> => {
      const barrier = new Barrier(parties);

      const { tasks, asked } = await drive(all, async (plan) => {
        await barrier.wait();
        await hold(plan);
        await barrier.wait();
      });
      assert.is(barrier.nWaiting, tasks.filter((task) => !task.done()).length);
      assert.ok(barrier.nWaiting < parties);
      await barrier.abort();
      for (let turn = 0; turn < AT_REST; turn += 1) await sleep(0);

      for (const [n, task] of tasks.entries()) {
        assert.ok(task.done());
        assert.is(task.cancelled(), asked[n]);
        if (!task.cancelled()) assert.ok(isRefused(task, BrokenBarrierError));
      }
      assert.is(form(barrier), 'broken');
    };
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 4 }), plans, run), {
      seed: 1,
      numRuns: 40,
    });
  });
});
