/**
 * Random programs of branches, run in two ways: each branch as a plain call, under `Promise.all()`
 * and the like, and each branch as a task of its own, under `gather()`. What each branch sees, and
 * when, must be the same.
 *
 * What has no equal in asyncio is defined here, over `InTasks`:
 *
 * - what `Promise.all()` and `Promise.race()` leave running, and a call that nobody awaits, is a part
 *   of the task: a cancel of the task, or of the limit that it began in, reaches it;
 * - `Promise.race()` and `Promise.any()` of tasks: a cancel goes to all of them.
 *
 * What cannot be equal does not occur:
 *
 * - The order of what happens at one instant: tasks take turns of the loop, calls do not. So no two
 *   times of a program are equal, and only the order in each branch is compared.
 * - A branch that catches its cancel, or a group's errors that hide one, under `all` and `race`: a cancelled `gather()` throws the cancel
 *   all the same, but code that awaits a call sees what the call returns, as in asyncio.
 * - A branch that cancels the task and fails before it awaits, or that does so as it begins: a task
 *   beside it has been made by then, but a call has not.
 * - Losers of a `Promise.race()`, or calls that nobody awaits, that are calls of one function: where
 *   one has kept its cancel, nobody can tell which. So each is a function of its own.
 * - A limit or a group in what goes on when its task has ended: both need a task.
 * - A cancel that `allSettled` or `any` keeps is thrown by `gather()`, and here by the next `await`; one
 *   that a shield has held back, by the next `await` of the code, or at the end of its task. So there is
 *   always one.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  currentTask,
  FIRST_COMPLETED,
  gather,
  isException,
  type Loop,
  moveOnAfter,
  shielded,
  sleep,
  type Task,
  TimeoutError,
  taskGroup,
  timeout,
  wait,
  waitFor,
} from '../../src/index.ts';

/** What a branch does. Times are in seconds. */
type Step =
  | { readonly do: 'sleep' | 'cancelMain'; readonly time: number }
  | { readonly do: 'fail' }
  | { readonly do: Limit; readonly time: number; readonly block: Block }
  | { readonly do: 'catch' | 'swallow' | 'finally' | 'float'; readonly block: Block }
  | {
      readonly do: 'all' | 'allSettled' | 'race' | 'any' | 'group';
      readonly blocks: readonly Block[];
    };
type Limit = 'timeout' | 'waitFor' | 'signal' | 'moveOn' | 'shielded';
type Block = readonly Step[];

/** One task, and when somebody cancels it. */
export interface BranchProgram {
  readonly block: Block;
  readonly cancelAt: readonly number[];
}

const time = fc.integer({ min: 1, max: 12 });

const { block } = fc.letrec<{ block: Block; step: Step }>((tie) => {
  const block = tie('block');
  const blocks = fc.array(block, { minLength: 1, maxLength: 3 });
  const kinds = <K extends Step['do']>(...all: K[]) => fc.constantFrom(...all);
  return {
    block: fc.array(tie('step'), { maxLength: 3, depthIdentifier: 'branches' }),
    step: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'branches', withCrossShrink: true },
      { weight: 5, arbitrary: fc.record({ do: kinds('sleep'), time }) },
      { weight: 1, arbitrary: fc.record({ do: kinds('cancelMain'), time }) },
      { weight: 1, arbitrary: fc.record({ do: kinds('fail') }) },
      {
        weight: 5,
        arbitrary: fc.record({
          do: kinds('timeout', 'waitFor', 'signal', 'moveOn', 'shielded'),
          time,
          block,
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ do: kinds('catch', 'swallow', 'finally', 'float'), block }),
      },
      {
        weight: 8,
        arbitrary: fc.record({ do: kinds('all', 'allSettled', 'race', 'any', 'group'), blocks }),
      },
    ),
  };
});

export const branchPrograms: fc.Arbitrary<BranchProgram> = fc.record({
  block,
  cancelAt: fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { maxLength: 5 }),
});

class Failure extends Error {}

/** What a branch saw. */
interface Entry {
  /** In seconds from the beginning. */
  readonly at: number;
  readonly saw: string;
}

/** How the branches of a program are run. */
interface Way {
  all(branches: Branch[]): PromiseLike<unknown>;
  allSettled(branches: Branch[]): PromiseLike<string[]>;
  race(branches: Branch[]): PromiseLike<unknown>;
  any(branches: Branch[]): PromiseLike<unknown>;
  float(branch: Branch): void;
}
type Branch = (region: Region) => Promise<string>;

/**
 * A part of a program that is cancelled by itself: a task, or the body of a limit. It only matters
 * where branches are tasks: it holds those that nobody awaits.
 */
class Region {
  private readonly left = new Set<Task<unknown>>();
  private readonly below = new Set<Region>();
  private readonly above: Region | undefined;
  private isOver = false;
  /** Does a cancel of what is above stop here? */
  isShielded = false;
  /** Is told of a cancel. */
  onCancel = (): void => {};

  constructor(above?: Region) {
    this.above = above;
    above?.below.add(this);
  }

  /** Has its task ended? */
  get isGone(): boolean {
    return this.above === undefined ? this.isOver : this.above.isGone;
  }

  private get open(): Region | undefined {
    return this.isOver ? this.above?.open : this;
  }

  /** Nobody awaits `task` any more. */
  leave(task: Task<unknown>): void {
    if (!task.done()) this.open?.left.add(task);
  }

  cancel(): void {
    if (this.isOver) return;
    this.onCancel();
    for (const task of this.left) task.cancel();
    for (const below of [...this.below]) if (!below.isShielded) below.cancel();
  }

  close(): void {
    this.isOver = true;
    const open = this.above?.open;
    this.above?.below.delete(this);
    if (open === undefined) return;
    for (const task of this.left) open.left.add(task);
    for (const below of this.below) open.below.add(below);
  }
}

const waitsAtMost = <T>(seconds: number, body: () => Promise<T>): PromiseLike<T> =>
  waitFor(body, seconds);

const nameOf = (error: unknown): string => (error as Error).constructor.name;

/** Each branch is a call. */
function inCalls(region: Region): Way {
  const begin = (branches: Branch[]): Promise<string>[] => branches.map((run) => run(region));
  return {
    all: (branches) => Promise.all(begin(branches)),
    allSettled: async (branches) =>
      (await Promise.allSettled(begin(branches))).map((outcome) =>
        outcome.status === 'fulfilled' ? 'ok' : nameOf(outcome.reason),
      ),
    race: (branches) => Promise.race(begin(branches)),
    any: (branches) => Promise.any(begin(branches)),
    float: (branch) => void branch(region).catch(() => {}),
  };
}

/** Each branch is a task of its own. */
function inTasks(region: Region): Way {
  const begin = (branches: Branch[]): Task<string>[] =>
    branches.map((run) => createTask(() => run(region)));
  /** Waits until `isOver`; a cancel goes to all `tasks`. */
  const first = async (
    tasks: Task<string>[],
    isOver: () => boolean,
  ): Promise<CancelledError | undefined> => {
    let cancel: CancelledError | undefined;
    while (!isOver()) {
      try {
        await wait(
          tasks.filter((task) => !task.done()),
          { returnWhen: FIRST_COMPLETED },
        );
      } catch (error) {
        if (!(error instanceof CancelledError)) throw error;
        cancel = error;
        for (const task of tasks) task.cancel();
      }
    }
    return cancel;
  };
  const see = (tasks: Task<string>[]): void => {
    for (const task of tasks) {
      task.addDoneCallback(() => void (task.cancelled() || task.exception()));
      region.leave(task);
    }
  };
  return {
    all: async (branches) => {
      const tasks = begin(branches);
      try {
        return await gather(...tasks);
      } finally {
        see(tasks);
      }
    },
    allSettled: async (branches) =>
      (await gather(...begin(branches), { returnExceptions: true })).map((outcome) =>
        typeof outcome === 'string' ? 'ok' : nameOf(outcome),
      ),
    race: async (branches) => {
      const tasks = begin(branches);
      const over: Task<string>[] = [];
      for (const task of tasks) task.addDoneCallback(() => void over.push(task));
      await first(tasks, () => over.length > 0);
      see(tasks);
      return (over[0] as Task<string>).result();
    },
    any: async (branches) => {
      const tasks = begin(branches);
      const isWon = (task: Task<string>): boolean =>
        task.done() && !task.cancelled() && task.exception() === undefined;
      const cancel = await first(
        tasks,
        () => tasks.some(isWon) || tasks.every((task) => task.done()),
      );
      see(tasks);
      if (cancel !== undefined) throw cancel;
      if (!tasks.some(isWon)) throw new AggregateError([], 'all failed');
      return 'ok';
    },
    float: (branch) => see(begin([branch])),
  };
}

/** A branch that is another function for each `id`: V8 numbers those of `Promise.all()` only. */
function asOwnFunction(id: string, branch: Branch): Branch {
  const functions: Record<string, Branch> = {
    [id]: async (within) => await branch(within),
  };
  return functions[id] as Branch;
}

const NEED_A_TASK = new Set(['timeout', 'waitFor', 'moveOn', 'signal', 'shielded', 'group']);

/** One run of a program. */
class Run {
  readonly branches = new Map<string, Entry[]>();
  readonly #loop: Loop;
  readonly #way: (region: Region) => Way;
  readonly #begin: number;
  #main: Task<unknown> | undefined;
  /** Has a group outlived the task that it is a part of? */
  hasOrphans = false;
  /** Has a branch caught errors that were thrown in place of a cancel? */
  hidesCancel = false;
  /** How many blocks have begun and not ended. */
  running = 0;

  constructor(loop: Loop, areTasks: boolean) {
    this.#loop = loop;
    this.#way = areTasks ? inTasks : inCalls;
    this.#begin = loop.time();
  }

  async run({ block, cancelAt }: BranchProgram): Promise<void> {
    const region = new Region();
    const main = createTask(async () => {
      await this.#root('main', block, region);
    });
    this.#main = this.#isRoot(main, region);
    for (const [n, at] of cancelAt.entries())
      this.#loop.callLater(at + jitter(`cancel ${n}`), () => void main.cancel());
    await wait([main]);
    this.#note(
      'main',
      main.cancelled()
        ? 'CANCELLED'
        : `${main.exception() === undefined ? 'ended' : nameOf(main.exception())}`,
    );
    while (this.running > 0) await sleep(10);
  }

  /** A cancel of `task` reaches what its branches have left. */
  #isRoot<T>(task: Task<T>, region: Region): Task<T> {
    const cancel = task.cancel.bind(task);
    task.cancel = (message?: string): boolean => {
      if (!task.done()) region.cancel();
      return cancel(message);
    };
    task.addDoneCallback(() => region.close());
    return task;
  }

  #note(name: string, saw: string): void {
    const entries = this.branches.get(name) ?? [];
    entries.push({ at: this.#loop.time() - this.#begin, saw });
    this.branches.set(name, entries);
  }

  /** The body of a task. It does not end at the instant at which something else happens. */
  async #root(name: string, block: Block, region: Region): Promise<void> {
    try {
      await this.#branch(name, block, region, true);
    } finally {
      await sleep(1 + jitter(name));
    }
  }

  async #branch(name: string, block: Block, region: Region, mayKeep: boolean): Promise<string> {
    this.running += 1;
    try {
      await this.#block(name, block, region, mayKeep);
      this.#note(name, 'ends');
      return 'ok';
    } catch (error) {
      this.#note(name, `throws ${nameOf(error)}`);
      throw error;
    } finally {
      this.running -= 1;
    }
  }

  async #block(name: string, block: Block, region: Region, mayKeep: boolean): Promise<void> {
    for (const [n, step] of block.entries()) {
      await this.#do(`${name}.${n}`, name, step, region, mayKeep);
      this.#note(name, `${step.do} is over`);
    }
  }

  async #do(id: string, name: string, step: Step, region: Region, mayKeep: boolean): Promise<void> {
    const branches = (blocks: readonly Block[], keep: boolean): Branch[] =>
      blocks.map(
        (block, n) => (within) => this.#branch(`${id}.${step.do}${n}`, block, within, keep),
      );
    const way = this.#way(region);
    if (region.isGone && NEED_A_TASK.has(step.do)) return;
    switch (step.do) {
      case 'sleep':
        return await sleep(step.time + jitter(id));
      case 'cancelMain':
        await sleep(step.time + jitter(id));
        this.#main?.cancel();
        return await sleep(step.time + jitter(`${id}, then`));
      case 'fail':
        await sleep(jitter(id));
        throw new Failure('asked for');
      case 'timeout':
      case 'waitFor': {
        const after = step.time + jitter(id);
        const ends = step.do === 'timeout' ? timeout : waitsAtMost;
        try {
          await this.#limited(
            region,
            (within) => ends(after, () => this.#block(id, step.block, within, mayKeep)),
            after,
          );
        } catch (error) {
          if (!(error instanceof TimeoutError)) throw error;
          this.#note(name, 'is timed out');
        }
        return;
      }
      case 'moveOn': {
        const after = step.time + jitter(id);
        const { expired } = await this.#limited(
          region,
          (within) => moveOnAfter(after, () => this.#block(id, step.block, within, mayKeep)),
          after,
        );
        this.#note(name, `expired: ${expired}`);
        return;
      }
      case 'shielded': {
        const after = step.time + jitter(id);
        try {
          const { expired } = await this.#limited(
            region,
            (within) => {
              within.isShielded = true;
              return shielded(after, () => this.#block(id, step.block, within, mayKeep));
            },
            after,
          );
          this.#note(name, `expired: ${expired}`);
        } finally {
          await sleep(0);
        }
        return;
      }
      case 'signal': {
        const controller = new AbortController();
        const after = step.time + jitter(id);
        this.#loop.callLater(after, () => controller.abort(new RangeError('aborted')));
        return await this.#limited(
          region,
          (within) =>
            waitFor(() => this.#block(id, step.block, within, mayKeep), undefined, {
              signal: controller.signal,
            }),
          after,
        );
      }
      case 'catch':
        try {
          await this.#block(id, step.block, region, mayKeep);
        } catch (error) {
          if (!isException(error)) throw error;
          if (!mayKeep && (currentTask()?.cancelling() ?? 0) > 0) this.hidesCancel = true;
          this.#note(name, `catches ${nameOf(error)}`);
        }
        return;
      case 'swallow':
        try {
          await this.#block(id, step.block, region, mayKeep);
        } catch (error) {
          if (!mayKeep) throw error;
          this.#note(name, `keeps ${nameOf(error)}`);
        }
        return;
      case 'finally':
        try {
          await this.#block(id, step.block, region, mayKeep);
        } finally {
          this.#note(name, 'cleans up');
          await sleep(2 + jitter(id));
          this.#note(name, 'is clean');
        }
        return;
      case 'float':
        way.float(asOwnFunction(id, branches([step.block], true)[0] as Branch));
        return;
      case 'all':
        await way.all(branches(step.blocks, false));
        return;
      case 'allSettled': {
        const outcomes = await way.allSettled(branches(step.blocks, true));
        await sleep(0);
        this.#note(name, outcomes.join());
        return;
      }
      case 'race':
        // Or several would end at one instant.
        await way.race(
          branches(step.blocks, false).map((branch, n) =>
            asOwnFunction(`${id}.race${n}`, async (within) => {
              this.running += 1;
              try {
                await sleep(jitter(`${id}.race${n}`));
                return await branch(within);
              } finally {
                this.running -= 1;
              }
            }),
          ),
        );
        return;
      case 'any':
        try {
          await way.any(branches(step.blocks, true));
        } finally {
          await sleep(0);
        }
        return;
      case 'group':
        return await this.#group(id, step.blocks, region, mayKeep);
    }
  }

  /** The region of the body of a limit, which is cancelled in `after` seconds. */
  async #limited<T>(
    region: Region,
    limit: (within: Region) => PromiseLike<T>,
    after: number,
  ): Promise<T> {
    const within = new Region(region);
    const timer = this.#loop.callLater(after, () => within.cancel());
    try {
      return await limit(within);
    } finally {
      timer.cancel();
      within.close();
    }
  }

  async #group(
    id: string,
    blocks: readonly Block[],
    region: Region,
    mayKeep: boolean,
  ): Promise<void> {
    const within = new Region(region);
    let phase: 'body' | 'exiting' | 'aborting' = 'body';
    within.onCancel = () => {
      if (phase === 'exiting') phase = 'aborting';
    };
    try {
      await taskGroup(async (group) => {
        for (const [n, block] of blocks.slice(1).entries()) {
          const own = new Region();
          const task = group.createTask(async () => {
            await this.#root(`${id}.task${n}`, block, own);
          });
          this.#isRoot(task, own);
          task.addDoneCallback(() => {
            if (region.isGone) this.hasOrphans = true;
            if (task.cancelled() || task.exception() === undefined || phase === 'aborting') return;
            phase = 'aborting';
            within.cancel();
          });
        }
        try {
          await this.#branch(`${id}.body`, blocks[0] as Block, within, mayKeep);
          if (phase === 'body') phase = 'exiting';
        } catch (error) {
          phase = 'aborting';
          throw error;
        }
      });
    } finally {
      within.close();
    }
  }
}

/** A fraction of a second that is another one for each `id`. */
function jitter(id: string): number {
  let hash = 0;
  for (let n = 0; n < id.length; n += 1)
    hash = Math.imul(hash ^ id.charCodeAt(n), 0x9e3779b1) ^ (hash >>> 13);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash >>> 0) / 2 ** 32) * 0.9;
}

function print(branches: Map<string, Entry[]>): string {
  return [...branches]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, entries]) =>
        `${name}:\n${entries.map(({ at, saw }) => `  ${at.toFixed(4)} ${saw}\n`).join('')}`,
    )
    .join('');
}

function isSame(one: Map<string, Entry[]>, other: Map<string, Entry[]>): boolean {
  if (one.size !== other.size) return false;
  for (const [name, entries] of one) {
    const others = other.get(name);
    if (entries.length !== others?.length) return false;
    for (const [n, { at, saw }] of entries.entries())
      if (saw !== others[n]?.saw || Math.abs(at - others[n].at) > 1e-6) return false;
  }
  return true;
}

/**
 * Runs a program in both ways.
 *
 * @param around - runs the branches, when something is to happen meanwhile
 * @throws when a branch saw something else than the task did
 */
export async function compareBranches(
  loop: Loop,
  program: BranchProgram,
  around: (run: () => Promise<void>) => Promise<void> = (run) => run(),
): Promise<void> {
  const tasks = new Run(loop, true);
  await tasks.run(program);
  const calls = new Run(loop, false);
  await around(() => calls.run(program));
  fc.pre(!calls.hasOrphans && !tasks.hasOrphans);
  fc.pre(!calls.hidesCancel && !tasks.hidesCancel);
  if (!isSame(calls.branches, tasks.branches))
    assert.is(print(calls.branches), print(tasks.branches));
  assert.is(currentTask()?.cancelling(), 0);
}
