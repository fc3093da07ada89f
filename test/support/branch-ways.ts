/** The two ways to run a {@link BranchProgram}: with each branch as a call, or as a separate task. */
import { EventEmitter } from 'node:events';
import {
  CancelledError,
  createTask,
  FIRST_COMPLETED,
  gather,
  type Task,
  wait,
} from '../../src/index.ts';

/** How the branches of a program are run. */
export interface Way {
  all(branches: Branch[]): PromiseLike<unknown>;
  allSettled(branches: Branch[]): PromiseLike<string[]>;
  race(branches: Branch[]): PromiseLike<unknown>;
  any(branches: Branch[]): PromiseLike<unknown>;
  /** Starts a branch that is not awaited, unless the returned function is called. */
  float(branch: Branch): () => PromiseLike<string>;
  /** Adds a listener that is called at once. */
  listen(target: 'emitter' | 'target', branch: Branch): void;
}
export type Branch = (region: Region) => Promise<string>;

/** A wait of a branch in a {@link Region}. */
export interface Wait {
  /** Is it for a foreign promise? */
  readonly isForeign: boolean;
  /** Is it for a promise that the task's signal rejects? */
  readonly isFetch?: boolean;
  /** The line of control that waits. Branches have their own, the bodies of limits do not. */
  readonly line: string;
}

/** The message of the cancel of an abandoned body, in its tasks. */
export const ABANDONED = 'abandoned';

const SHIELD: Wait = { isForeign: false, line: 'shielded' };

/**
 * A part of a program that can be cancelled on its own: a task, or the body of a limit. If branches are
 * tasks, it has those that are not awaited.
 */
export class Region {
  private readonly left = new Set<Task<unknown>>();
  private readonly below = new Set<Region>();
  private readonly above: Region | undefined;
  private waits = new Set<Wait>();
  private isOver = false;
  private isAbandoned = false;
  /** A call in it that has not been awaited yet. */
  held: { readonly name: string; readonly take: () => PromiseLike<string> } | undefined;
  /** Does it stop cancels from outer regions? */
  isShielded = false;
  /** Does its limit continue without it if only foreign promises are awaited in it? */
  mayBeAbandoned = false;
  /** Has a cancel come after which its limit continues without it? */
  isGivenUp = false;
  private wasCancelled = false;
  /** Called when it is cancelled. */
  onCancel = (): void => {};

  constructor(above?: Region) {
    this.above = above;
    (above?.open ?? above)?.below.add(this);
  }

  /** Has its task ended? */
  get isGone(): boolean {
    return this.above === undefined ? this.isOver : this.above.isGone;
  }

  private get open(): Region | undefined {
    return this.isOver ? this.above?.open : this;
  }

  /** Records that `task` is no longer awaited. */
  leave(task: Task<unknown>): void {
    if (!task.done()) this.open?.left.add(task);
  }

  /** @param message - of the cancels of what is still running; see {@link ABANDONED} */
  cancel(message = this.isGivenUp ? ABANDONED : undefined): void {
    if (this.isOver) return;
    this.wasCancelled = true;
    this.onCancel();
    for (const task of this.left) task.cancel(message);
    for (const below of [...this.below]) if (!below.isShielded) below.cancel(message);
  }

  /** Has a cancel come here, or to an outer region? A shield that has ended holds none back. */
  get isCancelled(): boolean {
    const isHeldBack = this.isShielded && !this.isOver;
    return this.wasCancelled || (!isHeldBack && this.above?.isCancelled === true);
  }

  /**
   * Called when a limit is cancelled: marks the bodies that it, or inner limits, continue without.
   *
   * @returns false if both a foreign promise and something else are awaited
   */
  giveUp(): boolean {
    const own: Wait[] = [...this.waits];
    const limits: Region[] = [];
    this.divide(own, limits);
    const isBelow = limits.map((limit) => limit.reached().length > 0);
    const foreign = own.filter(({ isForeign }) => isForeign).length;
    if (foreign > 0) {
      if (foreign < own.length || isBelow.includes(true)) return false;
      this.isGivenUp = true;
      return true;
    }
    const isForeignBelow = limits.some((limit) => limit.reached().some((wait) => wait.isForeign));
    if (!isForeignBelow) return true;
    if (own.length > 0) return false;
    return limits.every(
      (limit) =>
        limit.reached().length === 0 ||
        (limit.reached().every(({ isForeign }) => isForeign) && limit.giveUp()),
    );
  }

  /** What is awaited here, but not in one of `limits`. */
  private divide(own: Wait[], limits: Region[]): void {
    for (const below of this.below) {
      if (below.isShielded)
        own.push(
          ...below
            .reached()
            .slice(0, 1)
            .map(() => SHIELD),
        );
      else if (below.mayBeAbandoned && !below.isCancelled) limits.push(below);
      else {
        own.push(...below.waits);
        below.divide(own, limits);
      }
    }
  }

  /** Records a wait. Returns a function that records its end. */
  wait(wait: Wait): () => void {
    this.home.waits.add(wait);
    return () => {
      for (let region: Region | undefined = this; region; region = region.above)
        region.waits.delete(wait);
    };
  }

  /** The waits that a cancel would reach. */
  reached(): Wait[] {
    const own = [...this.waits];
    for (const below of this.below) {
      const waits = below.reached();
      // It reaches a shield, but not what is inside.
      own.push(...(below.isShielded ? waits.slice(0, 1).map(() => SHIELD) : waits));
    }
    return own;
  }

  private get home(): Region {
    return this.isOver && this.above !== undefined ? this.above.home : this;
  }

  /** Called when its limit continues without it. */
  abandon(): void {
    this.isAbandoned = true;
    this.isShielded = true;
    this.above?.below.delete(this);
  }

  close(): void {
    if (this.isAbandoned) return;
    this.isOver = true;
    const { home } = this;
    if (home !== this) for (const wait of this.waits) home.waits.add(wait);
    const open = this.above?.open;
    this.above?.below.delete(this);
    if (open === undefined) return;
    for (const task of this.left) open.left.add(task);
    for (const below of this.below) open.below.add(below);
  }
}

/**
 * The body of a limit, as a separate task: it can continue after its limit has abandoned it.
 */
export async function bodyAsTask(region: Region, body: () => Promise<void>): Promise<void> {
  const task = createTask(body, { eagerStart: true });
  task.addDoneCallback(() => void (task.cancelled() || task.exception()));
  while (!task.done()) {
    try {
      await wait([task]);
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
      // It was opened in an abandoned body.
      if (error.message === ABANDONED) region.giveUp();
      task.cancel(region.isGivenUp ? ABANDONED : error.message);
      if (!region.isGivenUp) continue;
      region.cancel();
      throw error;
    }
  }
  return task.result();
}

export const nameOf = (error: unknown): string => (error as Error).constructor.name;

/** Each branch is a call. */
export function inCalls(region: Region): Way {
  const begin = (branches: Branch[]): Promise<string>[] => branches.map((run) => run(region));
  return {
    all: (branches) => Promise.all(begin(branches)),
    allSettled: async (branches) =>
      (await Promise.allSettled(begin(branches))).map((outcome) =>
        outcome.status === 'fulfilled' ? 'ok' : nameOf(outcome.reason),
      ),
    race: (branches) => Promise.race(begin(branches)),
    any: (branches) => Promise.any(begin(branches)),
    float: (branch) => {
      // Not with two calls of `then()`: if several wait for one promise, V8 does not show which.
      const outcome = branch(region).then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      );
      return async () => {
        const ended = await outcome;
        if ('error' in ended) throw ended.error;
        return ended.result;
      };
    },
    listen: (target, branch) => {
      const listener = async (): Promise<void> => {
        try {
          await branch(region);
        } catch (error) {
          // An `EventTarget` throws what its listeners reject with, see docs/differences.md.
          if (target === 'emitter' && error instanceof CancelledError) throw error;
        }
      };
      if (target === 'emitter') new EventEmitter().on('happens', listener).emit('happens');
      else {
        const events = new EventTarget();
        events.addEventListener('happens', listener);
        events.dispatchEvent(new Event('happens'));
      }
    },
  };
}

/** Each branch is a separate task. */
export function inTasks(region: Region): Way {
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
        for (const task of tasks) task.cancel(error.message);
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
    float: (branch) => {
      const [task] = begin([branch]) as [Task<string>];
      see([task]);
      return () => task;
    },
    listen: (_, branch) => see(begin([branch])),
  };
}
