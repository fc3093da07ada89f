/**
 * Random programs of branches, run in two ways: with each branch as a plain call, in `Promise.all()`
 * and the like, and with each branch as a separate task, in `gather()`. What each branch sees, and
 * when, must be the same.
 *
 * For what does not exist in asyncio, `InTasks` defines the behaviour:
 *
 * - What `Promise.all()` and `Promise.race()` leave running, and a call that is not awaited, is part of
 *   the task: a cancel of the task, or of the limit in which it started, reaches it.
 * - `Promise.race()` and `Promise.any()` of tasks: a cancel goes to all of them.
 * - A limit that expires while its body waits only for foreign promises: the body is a separate task. It
 *   is cancelled, and the limit continues without it.
 * - The signal of a branch is that of its task.
 *
 * Programs do not contain what cannot be the same:
 *
 * - The order of events at the same time, because tasks take turns of the loop and calls do not. So all
 *   times of a program differ, and only the order in each branch is compared.
 * - A branch that catches its cancel, or a group's errors that hide one, under `all` and `race`: a cancelled `gather()` throws the cancel
 *   anyway, but code that awaits a call sees what the call returns, as in asyncio.
 * - A branch that cancels the task and then fails before it awaits anything, or when it starts: by then,
 *   a task next to it has been created, but a call has not.
 * - Several calls of the same function among the losers of a `Promise.race()` or among calls that are not
 *   awaited: if one has swallowed its cancel, it is unknown which. So each is a separate function.
 * - A group in code that continues after its task has ended, because a group needs a task.
 * - A missing `await` at the end. A cancel that `allSettled` or `any` swallows is thrown by `gather()`, but
 *   here by the next `await`; a cancel that a shield has held back is thrown by the next `await` of the
 *   code, or at the end of its task.
 * - A cancel that comes while one branch waits for a foreign promise and another one for something else, or
 *   cancels the task: it counts as seen, see "A branch that waits for another promise" in docs/differences.md.
 *   Programs in which a branch cancels the task while the signal throws the cancel to another are left out, too.
 * - Waits for a foreign promise after a cancel in a branch of `allSettled` or `any`, or in a call that is not
 *   awaited: a limit around it continues without it.
 * - `uncancel()` in a branch, because the task has one count. Only the task's own code calls it.
 * - Two waits for the promise of one call, because V8 shows neither. So each call is awaited once, in the scope
 *   in which it started: for a limit elsewhere, it is a foreign promise.
 * - `next()` of one generator in two branches, because asyncio raises an error.
 * - A listener that the loop or Node calls, because it is not part of a task.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  asyncgen,
  CancelledError,
  channel,
  createTask,
  currentTask,
  Event,
  isException,
  Lock,
  type Loop,
  moveOnAfter,
  Queue,
  shielded,
  sleep,
  type Task,
  TimeoutError,
  taskGroup,
  timeout,
  wait,
  waitFor,
  wrapPromise,
} from '../../src/index.ts';
import {
  type Branch,
  bodyAsTask,
  inCalls,
  inTasks,
  nameOf,
  Region,
  type Way,
} from './branch-ways.ts';

/** What a branch does. Times are in seconds. */
type Step =
  | { readonly do: 'sleep'; readonly time: number }
  | { readonly do: 'cancelMain'; readonly time: number; readonly by: 'itself' | 'helper' }
  | { readonly do: 'regret'; readonly time: number }
  | { readonly do: 'fail' }
  | {
      readonly do: Limit;
      readonly time: number;
      readonly abandon: boolean;
      readonly block: Block;
    }
  | {
      readonly do: 'catch' | 'swallow' | 'finally' | 'float' | 'hold' | 'takeBack';
      readonly block: Block;
    }
  | { readonly do: 'join' }
  | { readonly do: 'listen'; readonly target: 'emitter' | 'target'; readonly block: Block }
  | Foreign
  | Fetch
  | Call
  | Iterate
  | {
      readonly do: 'all' | 'allSettled' | 'race' | 'any' | 'group';
      readonly blocks: readonly Block[];
    };
/** Waits for a foreign promise. One that never settles takes very long instead, because all has to end. */
interface Foreign {
  readonly do: 'foreign';
  readonly kind: 'promise' | 'thenable' | 'function' | 'wrapped' | 'combined';
  readonly ends: 'resolves' | 'rejects' | 'never';
  readonly time: number;
}
/** Waits for a foreign promise and reads the task's signal, or waits for one that the signal rejects. */
interface Fetch {
  readonly do: 'fetch';
  readonly signal: 'given' | 'read';
  /** What it does after the promise. */
  readonly cleansUp: 'no' | 'ours' | 'foreign';
  readonly time: number;
}
/** A call of this library with a signal. */
interface Call {
  readonly do: 'call';
  readonly call: 'sleep' | 'get' | 'acquire' | 'event' | 'waitFor' | 'receive';
  readonly signal: 'own' | 'any' | 'aborted' | 'none';
  /** When it is aborted. */
  readonly after: number;
  readonly time: number;
}
/** Reads from a generator that runs `block` before each value, and runs `body` after each. */
interface Iterate {
  readonly do: 'iterate';
  readonly kind: 'plain' | 'asyncgen' | 'delegated';
  readonly leaves: 'end' | 'break' | 'return' | 'throw';
  readonly block: Block;
  readonly body: Block;
}
type Limit = 'timeout' | 'waitFor' | 'signal' | 'moveOn' | 'shielded';
type Block = readonly Step[];

/** One task, and the times of its cancels. */
export interface BranchProgram {
  readonly block: Block;
  readonly cancelAt: readonly number[];
}

/** What a program may contain in addition to the usual. */
export const ADDITIONS = [
  'foreign',
  'abandoned',
  'fetch',
  'call',
  'iterate',
  'takeBack',
  'hold',
  'listen',
] as const;
export type Addition = (typeof ADDITIONS)[number];

/** What is reported in both ways. */
export const USUAL_REPORTS: RegExp =
  /parent task .* is already completed$|^Promise failed after its future was cancelled$|^The body of .* failed after it was abandoned$/;

const time = fc.integer({ min: 1, max: 12 });

/** Longer than the limits around it. */
const late: fc.Arbitrary<Foreign> = fc.record({
  do: fc.constant('foreign'),
  kind: fc.constantFrom('promise', 'promise', 'thenable', 'function', 'combined'),
  ends: fc.constantFrom('resolves', 'resolves', 'rejects'),
  time: fc.integer({ min: 5, max: 12 }),
});

const fetches = (time: fc.Arbitrary<number>): fc.Arbitrary<Fetch> =>
  fc.record({
    do: fc.constant('fetch'),
    signal: fc.constantFrom('given', 'given', 'read'),
    cleansUp: fc.constantFrom('no', 'ours', 'foreign'),
    time,
  });

const kinds = <K extends string>(...all: K[]): fc.Arbitrary<K> => fc.constantFrom(...all);

/** Programs with many `additions`. */
export function branchProgramsOf(...additions: Addition[]): fc.Arbitrary<BranchProgram> {
  const { block } = fc.letrec<{ block: Block; step: Step }>((tie) => {
    const block = tie('block');
    const blocks = fc.array(block, { minLength: 1, maxLength: 3 });
    /** A limit whose body starts with `step`, or has branches that do. */
    const limitAround = (step: fc.Arbitrary<Step>): fc.Arbitrary<unknown> => {
      const begins = fc.tuple(step, block).map(([first, rest]) => [first, ...rest]);
      const floats = fc.record({ do: kinds('float'), block: fc.oneof(block, begins) });
      const combines = fc.record({
        do: kinds('all', 'allSettled', 'race', 'any'),
        blocks: fc.array(begins, { minLength: 1, maxLength: 3 }),
      });
      return fc.record({
        do: kinds('timeout', 'waitFor', 'signal', 'moveOn', 'shielded'),
        time: fc.integer({ min: 1, max: 4 }),
        abandon: fc.constantFrom(true, true, true, false),
        block: fc.oneof(
          begins,
          fc.tuple(combines, block).map(([first, rest]) => [first, ...rest]),
          fc.tuple(floats, begins).map(([first, rest]) => [first, ...rest]),
        ),
      });
    };
    const more: Record<Addition, fc.Arbitrary<unknown>[]> = {
      foreign: [
        fc.record({
          do: kinds('foreign'),
          kind: kinds('promise', 'thenable', 'function', 'wrapped', 'combined'),
          ends: kinds('resolves', 'resolves', 'rejects', 'never'),
          time,
        }),
      ],
      abandoned: [limitAround(late)],
      fetch: [
        fetches(time),
        limitAround(fetches(fc.integer({ min: 5, max: 12 }))),
        limitAround(fc.oneof(late, fetches(fc.integer({ min: 5, max: 12 })))),
      ],
      call: [
        fc.record({
          do: kinds('call'),
          call: kinds('sleep', 'get', 'acquire', 'event', 'waitFor', 'receive'),
          signal: kinds('own', 'own', 'any', 'aborted', 'none'),
          after: time,
          time,
        }),
      ],
      iterate: [
        fc.record({
          do: kinds('iterate'),
          kind: kinds('plain', 'asyncgen', 'delegated'),
          leaves: kinds('end', 'break', 'return', 'throw'),
          block,
          body: block,
        }),
      ],
      takeBack: [
        fc.record({ do: kinds('takeBack'), block }),
        fc.record({ do: kinds('regret'), time }),
      ],
      hold: [fc.record({ do: kinds('hold'), block }), fc.record({ do: kinds('join') })],
      listen: [fc.record({ do: kinds('listen'), target: kinds('emitter', 'target'), block })],
    };
    return {
      block: fc.array(tie('step'), { maxLength: 3, depthIdentifier: 'branches' }),
      step: fc.oneof(
        { maxDepth: 4, depthIdentifier: 'branches', withCrossShrink: true },
        { weight: 5, arbitrary: fc.record({ do: kinds('sleep'), time }) },
        {
          weight: 1,
          arbitrary: fc.record({ do: kinds('cancelMain'), time, by: kinds('itself', 'helper') }),
        },
        { weight: 1, arbitrary: fc.record({ do: kinds('fail') }) },
        {
          weight: 5,
          arbitrary: fc.record({
            do: kinds('timeout', 'waitFor', 'signal', 'moveOn', 'shielded'),
            time,
            abandon: fc.boolean(),
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
        ...additions
          .flatMap((addition) => more[addition])
          .map((arbitrary) => ({ weight: 4, arbitrary: arbitrary as fc.Arbitrary<Step> })),
      ) as fc.Arbitrary<Step>,
    };
  });
  return fc.record({
    block,
    cancelAt: fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { maxLength: 5 }),
  });
}

export const branchPrograms: fc.Arbitrary<BranchProgram> = branchProgramsOf();

class Failure extends Error {}

/** The names of the errors that programs throw. */
const EXPECTED = new Set([
  'AggregateError',
  'CancelledError',
  'ExceptionGroup',
  'Failure',
  'RangeError',
  'TimeoutError',
]);

/** Practically never: nothing else takes so long. */
const NEVER = 1000;

/** What a branch saw. */
interface Entry {
  /** In seconds since the start. */
  readonly at: number;
  readonly saw: string;
}

/** A branch that is a different function for each `id`: V8 numbers only branches of `Promise.all()`. */
function asOwnFunction(id: string, branch: Branch): Branch {
  const functions: Record<string, Branch> = {
    [id]: async (within) => await branch(within),
  };
  return functions[id] as Branch;
}

const waitsAtMost = <T>(
  seconds: number,
  body: () => Promise<T>,
  options: { readonly abandon: boolean },
): PromiseLike<T> => waitFor(body, seconds, options);

/** The names of branches for which the code around them does not wait, or whose errors it does not see. */
const MAY_KEEP = /\.(allSettled|any|float|listen)/;

const NEED_A_TASK = new Set(['group']);

/** One run of a program. */
class Run {
  readonly branches = new Map<string, Entry[]>();
  readonly #loop: Loop;
  readonly #areTasks: boolean;
  /** Does the task withdraw cancels? Then the bodies of limits have to be part of it. */
  readonly #takesBack: boolean;
  readonly #way: (region: Region) => Way;
  readonly #begin: number;
  #main: Task<unknown> | undefined;
  #mainRegion: Region | undefined;
  /** Has a group outlived its task? */
  hasOrphans = false;
  /** Has a branch caught errors that were thrown instead of a cancel? */
  hidesCancel = false;
  /** Has a cancel come while a foreign promise and something else were awaited? */
  isMixed = false;
  /** An error that no program throws. If there is one, the generator is wrong. */
  mistake: unknown;
  /** The line of control of each block, by its name. */
  readonly #lines = new Map<string, string>();
  /** How many blocks have started and not ended. */
  running = 0;

  constructor(loop: Loop, areTasks: boolean, program: BranchProgram) {
    this.#loop = loop;
    this.#areTasks = areTasks;
    this.#takesBack = /"(takeBack|regret)"/.test(JSON.stringify(program));
    this.#way = areTasks ? inTasks : inCalls;
    this.#begin = loop.time();
  }

  async run({ block, cancelAt }: BranchProgram): Promise<void> {
    const region = new Region();
    const main = createTask(async () => {
      await this.#root('main', block, region);
    });
    this.#main = this.#isRoot(main, region);
    this.#mainRegion = region;
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

  /** Makes a cancel of `task` reach what its branches have left running. */
  #isRoot<T>(task: Task<T>, region: Region): Task<T> {
    const cancel = task.cancel.bind(task);
    task.cancel = (message?: string): boolean => {
      if (!task.done()) {
        if (currentTask() === task && region.reached().some(({ isForeign }) => isForeign))
          this.isMixed = true;
        this.#mixes(region);
        region.cancel();
      }
      return cancel(message);
    };
    task.addDoneCallback(() => region.close());
    return task;
  }

  /** Cancels the task from a branch, which counts as waiting. */
  #cancelMain(): void {
    const waits = this.#main?.done() ? [] : (this.#mainRegion?.reached() ?? []);
    if (waits.some(({ isForeign, isFetch }) => isForeign || isFetch)) this.isMixed = true;
    this.#main?.cancel();
  }

  /** A function that returns after it has cancelled the task. */
  async #helps(region: Region, name: string, seconds: number): Promise<void> {
    await this.#nap(region, name, seconds);
    this.#cancelMain();
  }

  #note(name: string, saw: string): void {
    const entries = this.branches.get(name) ?? [];
    entries.push({ at: this.#loop.time() - this.#begin, saw });
    this.branches.set(name, entries);
  }

  /** The body of a task. It does not end at the same time as another event. */
  async #root(name: string, block: Block, region: Region): Promise<void> {
    try {
      await this.#branch(name, block, region, true);
    } finally {
      await this.#nap(region, name, 1 + jitter(name));
    }
  }

  async #nap(region: Region, name: string, seconds: number): Promise<void> {
    await this.#wait(region, name, false, () => sleep(seconds));
  }

  async #wait(
    region: Region,
    name: string,
    isForeign: boolean,
    wait: () => PromiseLike<unknown>,
    isFetch = false,
  ): Promise<void> {
    const end = region.wait({ isForeign, isFetch, line: this.#lines.get(name) ?? name });
    try {
      await wait();
    } finally {
      end();
    }
  }

  /** Cancels `region`, which cannot be abandoned. */
  #mixes(region: Region): void {
    const waits = region.reached();
    if (waits.length > 1 && waits.some(({ isForeign }) => isForeign)) this.isMixed = true;
  }

  async #branch(name: string, block: Block, region: Region, mayKeep: boolean): Promise<string> {
    return await this.#counted(async () => {
      try {
        await this.#block(name, block, region, mayKeep);
        this.#note(name, 'ends');
        return 'ok';
      } catch (error) {
        if (!EXPECTED.has(nameOf(error))) this.mistake ??= error;
        this.#note(name, `throws ${nameOf(error)}`);
        throw error;
      }
    });
  }

  /** Makes the run last until `body` has ended. */
  async #counted<T>(body: () => Promise<T>): Promise<T> {
    this.running += 1;
    try {
      return await body();
    } finally {
      this.running -= 1;
    }
  }

  /** @param within - the block that contains it: both have one line of control */
  async #block(
    name: string,
    block: Block,
    region: Region,
    mayKeep: boolean,
    within?: string,
  ): Promise<void> {
    if (within !== undefined) this.#lines.set(name, this.#lines.get(within) ?? within);
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
        return await this.#nap(region, name, step.time + jitter(id));
      case 'cancelMain':
        if (step.by === 'helper') await this.#helps(region, name, step.time + jitter(id));
        else {
          await this.#nap(region, name, step.time + jitter(id));
          this.#cancelMain();
        }
        return await this.#nap(region, name, step.time + jitter(`${id}, then`));
      case 'regret': {
        await this.#nap(region, name, step.time + jitter(id));
        if (this.#isOfTask(name)) {
          const task = currentTask() as Task<unknown>;
          task.cancel();
          this.#note(name, `cancelling ${task.cancelling()}, then ${task.uncancel()}`);
        }
        return await this.#nap(region, name, step.time + jitter(`${id}, then`));
      }
      case 'fail':
        await this.#nap(region, name, jitter(id));
        throw new Failure('asked for');
      case 'foreign':
        return await this.#foreign(id, name, step, region);
      case 'fetch':
        return await this.#fetch(id, name, step, region);
      case 'call':
        return await this.#call(id, name, step, region);
      case 'iterate':
        return await this.#iterate(id, name, step, region, mayKeep);
      case 'takeBack':
        try {
          await this.#block(id, step.block, region, mayKeep, name);
        } catch (error) {
          if (!(error instanceof CancelledError) || !this.#isOfTask(name)) throw error;
          const task = currentTask() as Task<unknown>;
          this.#note(name, `cancelling ${task.cancelling()}, then ${task.uncancel()}`);
        }
        return;
      case 'timeout':
      case 'waitFor': {
        const after = step.time + jitter(id);
        const ends = step.do === 'timeout' ? timeout : waitsAtMost;
        try {
          await this.#limited(
            region,
            (within, body) =>
              ends(after, () => body(() => this.#block(id, step.block, within, mayKeep, name)), {
                abandon: step.abandon,
              }),
            after,
            step.abandon,
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
          (within, body) =>
            moveOnAfter(
              after,
              () => body(() => this.#block(id, step.block, within, mayKeep, name)),
              { abandon: step.abandon },
            ),
          after,
          step.abandon,
        );
        this.#note(name, `expired: ${expired}`);
        return;
      }
      case 'shielded': {
        const after = step.time + jitter(id);
        try {
          const { expired } = await this.#limited(
            region,
            (within, body) => {
              within.isShielded = true;
              return shielded(
                after,
                () => body(() => this.#block(id, step.block, within, mayKeep, name)),
                { abandon: step.abandon },
              );
            },
            after,
            step.abandon,
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
        return await this.#limited(
          region,
          (within, body) => {
            this.#loop.callLater(after, () => controller.abort(new RangeError('aborted')));
            return waitFor(
              () => body(() => this.#block(id, step.block, within, mayKeep, name)),
              undefined,
              {
                signal: controller.signal,
                abandon: step.abandon,
              },
            );
          },
          after,
          step.abandon,
        );
      }
      case 'catch':
        try {
          await this.#block(id, step.block, region, mayKeep, name);
        } catch (error) {
          if (!isException(error)) throw error;
          if (!mayKeep && (currentTask()?.cancelling() ?? 0) > 0) this.hidesCancel = true;
          this.#note(name, `catches ${nameOf(error)}`);
        }
        return;
      case 'swallow':
        try {
          await this.#block(id, step.block, region, mayKeep, name);
        } catch (error) {
          if (!mayKeep) throw error;
          this.#note(name, `keeps ${nameOf(error)}`);
        }
        return;
      case 'finally':
        try {
          await this.#block(id, step.block, region, mayKeep, name);
        } finally {
          this.#note(name, 'cleans up');
          await this.#nap(region, name, 2 + jitter(id));
          this.#note(name, 'is clean');
        }
        return;
      case 'float':
        way.float(asOwnFunction(id, branches([step.block], true)[0] as Branch));
        return;
      case 'hold':
        // Otherwise several would be held at the same time.
        await this.#nap(region, name, jitter(`${id}, first`));
        region.held = {
          name: `${id}.hold`,
          take: way.float(
            asOwnFunction(id, (within) =>
              this.#counted(async () => {
                await this.#nap(within, id, jitter(id));
                return await (branches([step.block], false)[0] as Branch)(within);
              }),
            ),
          ),
        };
        return;
      case 'join': {
        await this.#nap(region, name, jitter(id));
        const { held } = region;
        // It cannot wait for itself.
        if (held === undefined || name.startsWith(held.name)) return;
        region.held = undefined;
        await held.take();
        return;
      }
      case 'listen':
        way.listen(step.target, asOwnFunction(id, branches([step.block], true)[0] as Branch));
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
        // Otherwise several would end at the same time.
        await way.race(
          branches(step.blocks, false).map((branch, n) =>
            asOwnFunction(`${id}.race${n}`, (within) =>
              this.#counted(async () => {
                await this.#nap(within, `${id}.race${n}`, jitter(`${id}.race${n}`));
                return await branch(within);
              }),
            ),
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
        return await this.#group(id, name, step.blocks, region, mayKeep);
    }
  }

  /** The region of the body of a limit that expires in `after` seconds. */
  async #limited<T>(
    region: Region,
    limit: (within: Region, body: (block: () => Promise<void>) => Promise<void>) => PromiseLike<T>,
    after: number,
    abandon: boolean,
  ): Promise<T> {
    const within = new Region(region);
    within.mayBeAbandoned = abandon;
    const timer = this.#loop.callLater(after, () => {
      if (!abandon) this.#mixes(within);
      else if (!within.giveUp()) this.isMixed = true;
      within.cancel();
    });
    let runs = false;
    const running = async (block: () => Promise<void>): Promise<void> => {
      runs = true;
      try {
        await this.#counted(block);
      } finally {
        runs = false;
      }
    };
    const body = (block: () => Promise<void>): Promise<void> =>
      abandon && this.#areTasks && !this.#takesBack
        ? bodyAsTask(within, () => running(block))
        : running(block);
    try {
      return await limit(within, body);
    } finally {
      timer.cancel();
      if (runs) within.abandon();
      within.close();
    }
  }

  /** Is a block of this name outside of all branches of its task? */
  #isOfTask(name: string): boolean {
    return /^(main|.*\.task\d+)$/.test(this.#lines.get(name) ?? name);
  }

  async #foreign(id: string, name: string, step: Foreign, region: Region): Promise<void> {
    const { kind, ends } = step;
    const isDue = ends === 'never' ? NEVER + jitter(id) : step.time + jitter(id);
    const make = (): Promise<string> =>
      new Promise((resolve, reject) => {
        this.#loop.callLater(isDue, () =>
          ends === 'rejects' ? reject(new Failure('foreign')) : resolve('foreign'),
        );
      });
    const makers: Record<Foreign['kind'], () => PromiseLike<unknown>> = {
      promise: make,
      // biome-ignore lint/suspicious/noThenProperty: that is what it is about
      thenable: () => ({ then: (...both) => make().then(...both) }),
      function: async () => await make(),
      combined: () => Promise.all([make()]),
      wrapped: () => wrapPromise(make()),
    };
    try {
      await this.#wait(region, name, kind !== 'wrapped', makers[kind]);
    } finally {
      // A cancel that has come meanwhile is thrown here.
      await this.#nap(region, name, jitter(`${id}, then`));
    }
  }

  async #fetch(id: string, name: string, step: Fetch, region: Region): Promise<void> {
    await this.#nap(region, name, jitter(`${id}, first`));
    // A task that is created after a cancel has its own signal.
    if (region.isGone || region.isCancelled) return;
    const { signal } = currentTask() as Task<unknown>;
    const isGiven = step.signal === 'given' && !signal.aborted;
    const isDue = step.time + jitter(id);
    const fetched = new Promise<void>((resolve, reject) => {
      this.#loop.callLater(isDue, resolve);
      if (isGiven) signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    try {
      await this.#wait(region, name, !isGiven, () => fetched, isGiven);
      this.#note(name, 'has fetched');
    } finally {
      // A cancel that has come meanwhile is thrown here.
      const least = isGiven ? step.cleansUp : 'ours';
      const cleansUp = MAY_KEEP.test(name) && least === 'foreign' ? 'ours' : least;
      if (cleansUp === 'ours') await this.#nap(region, name, 1 + jitter(`${id}, then`));
      else if (cleansUp === 'foreign')
        await this.#foreign(
          `${id}.then`,
          name,
          { do: 'foreign', kind: 'promise', ends: 'resolves', time: 2 },
          region,
        );
    }
  }

  async #call(id: string, name: string, step: Call, region: Region): Promise<void> {
    await this.#nap(region, name, jitter(`${id}, first`));
    const lock = new Lock();
    await lock.acquire();
    const time = step.time + jitter(id);
    const controller = new AbortController();
    const reason = new RangeError('aborted');
    if (step.signal === 'aborted') controller.abort(reason);
    else this.#loop.callLater(step.after + jitter(`${id}, abort`), () => controller.abort(reason));
    const signal = {
      own: controller.signal,
      aborted: controller.signal,
      any: AbortSignal.any([controller.signal, new AbortController().signal]),
      none: undefined,
    }[step.signal];
    const calls: Record<Call['call'], () => PromiseLike<unknown>> = {
      sleep: () => sleep(time, undefined, { signal }),
      waitFor: () => waitFor(() => sleep(time), undefined, { signal }),
      get: () => {
        const queue = new Queue<number>();
        this.#loop.callLater(time, () => queue.putNowait(1));
        return queue.get({ signal });
      },
      acquire: () => {
        this.#loop.callLater(time, () => lock.release());
        return lock.acquire({ signal });
      },
      event: () => {
        const event = new Event();
        this.#loop.callLater(time, () => event.set());
        return event.wait({ signal });
      },
      receive: () => {
        const [sender, receiver] = channel<number>(1);
        this.#loop.callLater(time, () => sender.sendNowait(1));
        return receiver.receive({ signal });
      },
    };
    await this.#wait(region, name, false, calls[step.call]);
  }

  async #iterate(
    id: string,
    name: string,
    step: Iterate,
    region: Region,
    mayKeep: boolean,
  ): Promise<void> {
    const run = this;
    async function* produce(): AsyncGenerator<number> {
      try {
        for (let n = 0; n < 3; n += 1) {
          await run.#block(`${id}.make${n}`, step.block, region, mayKeep, name);
          yield n;
        }
      } finally {
        run.#note(name, 'closes');
        await run.#nap(region, name, 1 + jitter(`${id}, closes`));
        run.#note(name, 'is closed');
      }
    }
    async function* delegate(): AsyncGenerator<number> {
      yield* produce();
    }
    const generator = { plain: produce, asyncgen: asyncgen(produce), delegated: delegate }[
      step.kind
    ];
    const read = async (): Promise<void> => {
      for await (const n of generator()) {
        run.#note(name, `gets ${n}`);
        await run.#block(`${id}.body${n}`, step.body, region, mayKeep, name);
        if (n !== 1 || step.leaves === 'end') continue;
        if (step.leaves === 'break') break;
        if (step.leaves === 'return') return;
        await run.#nap(region, name, jitter(`${id}, throws`));
        throw new Failure('in a body');
      }
    };
    await read();
  }

  async #group(
    id: string,
    name: string,
    blocks: readonly Block[],
    region: Region,
    mayKeep: boolean,
  ): Promise<void> {
    const within = new Region(region);
    this.#lines.set(`${id}.body`, this.#lines.get(name) ?? name);
    let phase: 'body' | 'exiting' | 'aborting' = 'body';
    const endWait = within.wait({ isForeign: false, line: id });
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
            this.#mixes(within);
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
    } catch (error) {
      // Its errors may hide a cancel.
      if (!mayKeep && isException(error) && (currentTask()?.cancelling() ?? 0) > 0)
        this.hidesCancel = true;
      throw error;
    } finally {
      endWait();
      within.close();
    }
  }
}

/** A fraction of a second that is different for each `id`. */
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
 * @param around - runs the branches, if something has to happen meanwhile
 * @throws if a branch has not seen the same as the task
 */
export async function compareBranches(
  loop: Loop,
  program: BranchProgram,
  around: (run: () => Promise<void>) => Promise<void> = (run) => run(),
): Promise<void> {
  const tasks = new Run(loop, true, program);
  await tasks.run(program);
  const calls = new Run(loop, false, program);
  await around(() => calls.run(program));
  for (const { mistake } of [tasks, calls]) if (mistake !== undefined) throw mistake;
  fc.pre(!calls.hasOrphans && !tasks.hasOrphans);
  fc.pre(!calls.hidesCancel && !tasks.hidesCancel);
  fc.pre(!calls.isMixed && !tasks.isMixed);
  if (!isSame(calls.branches, tasks.branches))
    assert.is(print(calls.branches), print(tasks.branches));
  assert.is(currentTask()?.cancelling(), 0);
}
