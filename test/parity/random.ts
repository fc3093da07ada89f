/** Runs the programs of a file, one a line, in virtual time; prints their order of steps. */
import { readFileSync } from 'node:fs';
import {
  asCompleted,
  BaseExceptionGroup,
  CancelledError,
  Condition,
  type Coroutine,
  createTask,
  currentTask,
  Event,
  gather,
  getRunningLoop,
  isException,
  Lock,
  Loop,
  Queue,
  type ReturnWhen,
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
import { virtualHost } from '../../src/testing/virtual-host.ts';
import { print } from '../support/print.ts';
import { inSomeForm } from './forms.ts';

type Block = readonly Step[];

/** What a step says depends on what it does. */
interface Step {
  readonly do: string;
  readonly n: number;
  readonly time: number;
  readonly until: ReturnWhen;
  readonly block: Block;
  readonly blocks: readonly Block[];
}

class Failure extends Error {}

const [file = '', mode] = process.argv.slice(2);

/** What each step waits for goes through here. */
function form<T>(awaited: Promise<T>): PromiseLike<T> {
  return mode === 'forms' ? inSomeForm(awaited) : awaited;
}

function name(error: unknown): string {
  if (error instanceof BaseExceptionGroup)
    return `${error.name}[${error.exceptions.map(name).join(', ')}]`;
  return error === undefined ? 'NoneType' : (error as Error).constructor.name;
}

function self(): Task<unknown> {
  return currentTask() as Task<unknown>;
}

class World {
  readonly tasks: Task<string>[] = [];
  readonly all: Task<unknown>[] = [];
  readonly children = new Map<string, number>();
  readonly lock = new Lock();
  readonly locks = [this.lock, new Semaphore(2)];
  readonly events = [new Event(), new Event()];
  readonly queues = [new Queue<string>(1), new Queue<string>()];
  readonly conditions = [new Condition(), new Condition(this.lock)];

  log(...words: unknown[]): void {
    print(getRunningLoop().time(), ...words);
  }

  child(me: string): string {
    const number = (this.children.get(me) ?? 0) + 1;
    this.children.set(me, number);
    return `${me}.${number}`;
  }

  async task(me: string, block: Block): Promise<string> {
    this.all.push(self());
    this.log(me, 'begins');
    try {
      await this.run(me, block);
    } catch (error) {
      this.log(me, 'ends by', name(error));
      throw error;
    }
    this.log(me, 'ends');
    return me;
  }

  coros(me: string, blocks: readonly Block[]): (() => Promise<string>)[] {
    const names = blocks.map(() => this.child(me));
    return blocks.map((block, n) => () => this.task(names[n] as string, block));
  }

  async run(me: string, block: Block): Promise<void> {
    for (const step of block) await this.do(me, step);
  }

  async do(me: string, step: Step): Promise<unknown> {
    const run = (): Promise<void> => this.run(me, step.block);
    switch (step.do) {
      case 'sleep':
        await form(sleep(step.time / 4));
        return this.log(me, 'slept');
      case 'fail':
        throw new Failure();
      case 'lock':
        await at(this.locks, step).with(async () => {
          this.log(me, 'has', step.n);
          await run();
        });
        return this.log(me, 'had', step.n);
      case 'wait_event':
        await form(at(this.events, step).wait());
        return this.log(me, 'event', step.n);
      case 'set_event':
        return at(this.events, step).set();
      case 'clear_event':
        return at(this.events, step).clear();
      case 'wait_condition': {
        const condition = at(this.conditions, step);
        return await condition.with(async () => {
          await form(condition.wait());
          this.log(me, 'notified', step.n);
        });
      }
      case 'notify': {
        const condition = at(this.conditions, step);
        return await condition.with(() => condition.notify());
      }
      case 'put':
        await form(at(this.queues, step).put(me));
        return this.log(me, 'put', step.n);
      case 'get':
        return this.log(me, 'got', await form(at(this.queues, step).get()));
      case 'timeout':
        return await this.inTime(me, timeout(step.time / 4, run));
      case 'wait_for':
        return await this.inTime(me, waitFor(run, step.time / 4));
      case 'wait_for_task': {
        const task = createTask(this.coros(me, [step.block])[0] as () => Promise<string>);
        return await this.inTime(me, waitFor(task, step.time / 4));
      }
      case 'catch':
        try {
          return await run();
        } catch (error) {
          if (!isException(error)) throw error;
          return this.log(me, 'caught', name(error), self().cancelling());
        }
      case 'refuse':
        try {
          return await run();
        } catch (error) {
          if (!(error instanceof CancelledError)) throw error;
          return this.log(me, 'refused', self().uncancel());
        }
      case 'finally':
        try {
          return await run();
        } finally {
          this.log(me, 'cleans up');
          await form(sleep(step.time / 4));
          this.log(me, 'cleaned up');
        }
      case 'shield':
        return await form(shield(this.coros(me, [step.block])[0] as () => Promise<string>));
      case 'group':
        await taskGroup(async (group) => {
          for (const coro of this.coros(me, step.blocks.slice(1))) group.createTask(coro);
          await this.run(me, step.blocks[0] as Block);
        });
        return this.log(me, 'left the group');
      case 'gather':
        return this.log(me, 'gathered', ...(await form(gather(...this.coros(me, step.blocks)))));
      case 'gather_all': {
        const results = await form(
          gather(...this.coros(me, step.blocks), { returnExceptions: true }),
        );
        const forms = results.map((result) => (typeof result === 'string' ? result : name(result)));
        return this.log(me, 'gathered', ...forms);
      }
      case 'wait': {
        const tasks = this.coros(me, step.blocks).map((coro) => createTask(coro));
        const [done, pending] = await wait(tasks, {
          timeout: step.time ?? undefined,
          returnWhen: step.until,
        });
        return this.log(me, 'waited', done.size, pending.size);
      }
      case 'as_completed': {
        const tasks = this.coros(me, step.blocks).map((coro) => createTask(coro));
        for (const next of asCompleted(tasks, { timeout: step.time ?? undefined }))
          try {
            this.log(me, 'completed', await next);
          } catch (error) {
            if (!isException(error)) throw error;
            this.log(me, 'completed by', name(error));
          }
        return;
      }
      case 'spawn':
        createTask(this.coros(me, [step.block])[0] as () => Promise<string>);
        return;
      case 'cancel':
        return this.log(me, 'cancels', step.n, at(this.tasks, step).cancel());
      case 'await': {
        // Only earlier ones, and not by itself: nobody awaits himself.
        const number = Number(me.split('.')[0]);
        if (number === 0) return;
        return this.log(me, 'awaited', await form(this.tasks[step.n % number] as Task<string>));
      }
      default:
        throw new Error(`no step is called ${step.do}`);
    }
  }

  async inTime(me: string, limited: Coroutine<unknown>): Promise<void> {
    try {
      await limited;
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      this.log(me, 'too late');
    }
  }
}

function at<T>(all: readonly T[], { n }: Step): T {
  return all[n % all.length] as T;
}

async function main(program: readonly Block[]): Promise<void> {
  const world = new World();
  for (const [n, block] of program.entries())
    world.tasks.push(createTask(() => world.task(String(n), block)));
  await sleep(20);
  for (;;) {
    const left = world.all.filter((task) => !task.done());
    if (left.length === 0) break;
    for (const task of left) task.cancel();
    await sleep(1);
  }
  for (const [n, task] of world.tasks.entries()) {
    const ending = task.cancelled() ? 'cancelled' : name(task.exception());
    print('task', n, ending, task.cancelling());
  }
  for (const task of world.all) if (!task.cancelled()) task.exception();
}

const programs = readFileSync(file, 'utf8').trimEnd().split('\n');
for (const [number, program] of programs.entries()) {
  print('program', number);
  const loop = new Loop({ host: virtualHost(), debug: mode === 'debug' });
  loop.slowCallbackDuration = 100;
  loop.setExceptionHandler((_loop, { message, exception }) => {
    // Python reports these from 3.14 on.
    if (!message?.endsWith(' in shielded future')) print('reported', name(exception));
  });
  await loop.runUntilComplete(() => main(JSON.parse(program) as Block[]));
  loop.close();
}
