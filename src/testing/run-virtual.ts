import { named } from '../base/errors.ts';
import { stackOf, userSite } from '../base/stacks.ts';
import type { ExceptionContext } from '../core/loop-core.ts';
import { allTasks, Task, type TaskBody } from '../core/task.ts';
import { Loop } from '../loop/loop.ts';
import { Runner } from '../runners/runner.ts';
import { virtualHost } from './virtual-host.ts';

/** What can be said of a {@link runVirtual}. */
export interface VirtualOptions {
  /** What the clock shows at first, in seconds; by default 0. */
  readonly start?: number | undefined;
  /** Debug mode; by default on if the environment's `ASYNCIO_DEBUG` is not empty. */
  readonly debug?: boolean | undefined;
}

/** Something was left behind by a program that {@link runVirtual} ran; the message says what. */
export class LeftBehindError extends Error {
  static {
    named(this, 'LeftBehindError');
  }
}

/**
 * Runs a test in virtual time: the clock of the loop stands still while anything runs, and jumps
 * to the next timer when all tasks wait. So an hour of `sleep()` takes no time, and a timeout comes
 * in the same order of events each time.
 *
 * In the end nothing may be left: no task that still runs, no failed task whose failure nobody
 * has seen, and no report to the loop's exception handler, but where the test has set a handler of
 * its own. Tasks that are left are cancelled.
 *
 * Not for what waits for the system: a socket that is about to be readable looks like one that
 * never will.
 *
 * ```ts
 * test('gives up after a minute', () => runVirtual(async () => {
 *   await assert.rejects(asyncio.timeout(60, () => neverAnswers()), asyncio.TimeoutError);
 * }));
 * ```
 *
 * @param main - a coroutine, or a function without arguments that returns a promise
 * @param options - `start`: in seconds; `debug`
 * @returns what `main` returns
 * @throws what `main` throws
 * @throws {LeftBehindError} when something is left
 * @throws {RuntimeError} when a loop runs already
 */
export async function runVirtual<T>(main: TaskBody<T>, options: VirtualOptions = {}): Promise<T> {
  const { start = 0, debug } = options;
  const host = virtualHost(start);
  const runner = new Runner({ debug, loopFactory: () => new Loop({ host }) });
  const left: string[] = [];
  try {
    const loop = runner.getLoop();
    const watch = new Watch(loop);
    const result = await runner.run(main);
    left.push(...watch.left());
    if (left.length === 0) return result;
  } finally {
    await runner.close();
  }
  throw new LeftBehindError(left.join('\n'));
}

/** Notes what is made and reported in a loop. */
class Watch {
  readonly #loop: Loop;
  /** Where each task was made. */
  readonly #tasks = new Map<Task<unknown>, string | undefined>();
  readonly #reports: ExceptionContext[] = [];

  constructor(loop: Loop) {
    this.#loop = loop;
    loop.setExceptionHandler((_loop, context) => void this.#reports.push(context));
    loop.setTaskFactory((_loop, body, options) => {
      const task = new Task(body, { ...options, loop });
      this.#tasks.set(task as Task<unknown>, userSite());
      return task;
    });
  }

  /** A line or more for each thing that is left. */
  left(): string[] {
    const running = [...allTasks(this.#loop)].map((task) => `left running: ${this.#form(task)}`);
    const unseen = [...this.#tasks.keys()].filter((task) => task._unseen);
    return [
      ...running,
      ...unseen.map((task) => `failed, and nobody has seen it: ${this.#form(task)}`),
      ...this.#reports.map(
        ({ message, exception }) =>
          `reported: ${message}${exception === undefined ? '' : `\n${stackOf(exception)}`}`,
      ),
    ];
  }

  #form(task: Task<unknown>): string {
    const site = this.#tasks.get(task);
    return site === undefined ? String(task) : `${task}, made at ${site}`;
  }
}
