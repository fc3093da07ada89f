/**
 * Random programs of tasks, groups, timeouts and locks. For each of them, every task must end, every lock
 * must be free, no cancel may be lost, and nothing may be left.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  currentTask,
  gather,
  isException,
  Lock,
  type Loop,
  Queue,
  QueueShutDown,
  Semaphore,
  shield,
  sleep,
  type Task,
  TimeoutError,
  taskGroup,
  timeout,
  wait,
  waitFor,
} from '../../src/index.ts';

/** A step of a program. Several steps in a row are a `block`. Times are in quarters of a second. */
type Step =
  | { readonly do: 'sleep'; readonly time: number }
  | { readonly do: 'fail' }
  | { readonly do: 'put' | 'get'; readonly queue: number }
  | { readonly do: 'lock' | 'semaphore'; readonly which: number; readonly block: Block }
  | { readonly do: 'timeout' | 'waitFor'; readonly time: number; readonly block: Block }
  | { readonly do: 'catch' | 'shield' | 'finally'; readonly block: Block }
  | { readonly do: 'group' | 'gather' | 'gatherAll' | 'wait'; readonly blocks: readonly Block[] };
type Block = readonly Step[];

/** Tasks that run concurrently, and when they are cancelled, if at all. */
export type RandomProgram = readonly {
  readonly block: Block;
  readonly cancelAt: readonly number[];
}[];

const time = fc.nat(8);
const which = fc.nat(1);

const { block } = fc.letrec<{ block: Block; step: Step }>((tie) => {
  const block = tie('block');
  const blocks = fc.array(block, { minLength: 1, maxLength: 3 });
  return {
    block: fc.array(tie('step'), { maxLength: 3, depthIdentifier: 'program' }),
    step: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'program', withCrossShrink: true },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('sleep' as const), time }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constantFrom('put' as const, 'get' as const), queue: which }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constantFrom('lock' as const, 'semaphore' as const),
          which,
          block,
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constantFrom('timeout' as const, 'waitFor' as const),
          time,
          block,
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constantFrom('catch' as const, 'shield' as const, 'finally' as const),
          block,
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constantFrom(
            'group' as const,
            'gather' as const,
            'gatherAll' as const,
            'wait' as const,
          ),
          blocks,
        }),
      },
    ),
  };
});

export const randomPrograms: fc.Arbitrary<RandomProgram> = fc.array(
  fc.record({ block, cancelAt: fc.array(fc.nat(24), { maxLength: 2 }) }),
  { minLength: 1, maxLength: 4 },
);

class Failure extends Error {}

/** Longer than any program, in quarters of a second. */
const FOR_EVER = 1000;

/** What the tasks of one program share, and the counters that must be zero at the end. */
class World {
  readonly locks = [new Lock(), new Lock()];
  readonly semaphores = [new Semaphore(1), new Semaphore(2)];
  readonly queues = [new Queue<number>(1), new Queue<number>()];
  /** How many tasks hold each lock and each semaphore. */
  readonly inside = new Map<object, number>();
  /** How many blocks have started and not ended. */
  running = 0;
  /** Items that were put, minus those that were taken. */
  items = 0;
  /** The tasks that have caught a failure that was thrown instead of a cancel. */
  readonly hidden = new Set<unknown>();
  /** All tasks. */
  readonly tasks = new Set<Task<unknown>>();

  make(block: Block): () => Promise<void> {
    return async () => {
      this.tasks.add(currentTask() as Task<unknown>);
      await this.#run(block);
    };
  }

  async #run(block: Block): Promise<void> {
    this.running += 1;
    try {
      for (const step of block) await this.#do(step);
    } finally {
      this.running -= 1;
    }
  }

  async #do(step: Step): Promise<unknown> {
    switch (step.do) {
      case 'sleep':
        return await sleep(step.time / 4);
      case 'fail':
        throw new Failure('asked for');
      case 'put':
        await (this.queues[step.queue] as Queue<number>).put(1);
        this.items += 1;
        return;
      case 'get':
        await (this.queues[step.queue] as Queue<number>).get();
        this.items -= 1;
        return;
      case 'lock':
        return await this.#hold(this.locks[step.which] as Lock, 1, step.block);
      case 'semaphore':
        return await this.#hold(
          this.semaphores[step.which] as Semaphore,
          step.which + 1,
          step.block,
        );
      case 'timeout':
        return await this.#limited(() => timeout(step.time / 4, () => this.#run(step.block)));
      case 'waitFor':
        return await this.#limited(() => waitFor(createTask(this.make(step.block)), step.time / 4));
      case 'catch':
        try {
          return await this.#run(step.block);
        } catch (error) {
          this.#take(error);
          return;
        }
      case 'finally':
        try {
          return await this.#run(step.block);
        } finally {
          await sleep(0.25);
        }
      case 'shield':
        return await shield(this.make(step.block));
      case 'group':
        return await taskGroup(async (group) => {
          for (const block of step.blocks.slice(1)) group.createTask(this.make(block));
          await this.#run(step.blocks[0] as Block);
        });
      case 'gather':
        return await gather(...step.blocks.map((block) => this.make(block)));
      case 'gatherAll':
        return await gather(...step.blocks.map((block) => this.make(block)), {
          returnExceptions: true,
        });
      case 'wait': {
        const [done] = await wait(step.blocks.map((block) => createTask(this.make(block))));
        for (const task of done) if (!task.cancelled()) task.exception();
        return;
      }
    }
  }

  /** Runs a step whose time may be up, which is not a failure. */
  async #limited(body: () => PromiseLike<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      this.#take(error);
    }
  }

  async #hold(held: Lock | Semaphore, places: number, block: Block): Promise<void> {
    // If a program acquires it twice, it may wait for itself until it is cancelled. So there is a limit.
    await this.#limited(() =>
      timeout(FOR_EVER / 4, () =>
        held.with(async () => {
          const inside = (this.inside.get(held) ?? 0) + 1;
          this.inside.set(held, inside);
          assert.ok(inside <= places, `${held} is held ${inside} times`);
          try {
            await this.#run(block);
          } finally {
            this.inside.set(held, (this.inside.get(held) as number) - 1);
          }
        }),
      ),
    );
  }

  /** Catches a failure, and records it if the task should have been cancelled instead. */
  #take(error: unknown): void {
    if (!isException(error)) throw error;
    const task = currentTask() as Task<unknown>;
    if (task.cancelling() > 0) this.hidden.add(task);
  }
}

/**
 * Runs one program to its end, and checks what is left.
 *
 * @throws if anything is
 */
export async function runRandomProgram(loop: Loop, program: RandomProgram): Promise<void> {
  const world = new World();
  const tasks = program.map(({ block }) => createTask(world.make(block)));
  const asked = tasks.map(() => false);
  for (const [n, { cancelAt }] of program.entries())
    for (const time of cancelAt)
      loop.callLater(time / 4, () => {
        if (tasks[n]?.cancel()) asked[n] = true;
      });
  const end = loop.callLater(FOR_EVER * 4, () => {
    for (const queue of world.queues) queue.shutdown();
  });

  await wait(tasks);
  while ([...world.tasks].some((task) => !task.done())) await wait(world.tasks);
  end.cancel();

  for (const task of world.tasks) if (!task.cancelled()) expectFailure(task.exception());
  for (const [n, task] of tasks.entries()) {
    if (task.cancelled()) assert.ok(asked[n], `${task} was cancelled without a request`);
    else if (asked[n] && task.exception() === undefined)
      assert.ok(world.hidden.has(task), `the cancel of ${task} is lost`);
    if (!asked[n]) assert.is(task.cancelling(), 0, `${task} has cancels without a request`);
  }
  assert.is(world.running, 0, 'blocks still run');
  for (const [held, inside] of world.inside) assert.is(inside, 0, `${held} is still held`);
  for (const held of [...world.locks, ...world.semaphores])
    assert.match(String(held), /\[unlocked(, value:\d)?\]>$/);
  const left = world.queues.reduce((sum, queue) => sum + queue.qsize(), 0);
  assert.is(left, world.items, 'items were lost or doubled');
  for (const queue of world.queues) assert.not.match(String(queue), /getters|putters/);
}

/** Expects an error that programs throw, or a group of those. */
function expectFailure(error: unknown): void {
  if (error instanceof AggregateError) for (const each of error.errors) expectFailure(each);
  else if (error !== undefined && !(error instanceof CancelledError))
    assert.ok(error instanceof Failure || error instanceof QueueShutDown, `threw ${error}`);
}
