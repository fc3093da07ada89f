import { userSite } from '../base/stacks/capture.ts';
import { stackOf } from '../base/stacks/error-report.ts';
import { currentScope } from '../core/context/context.ts';
import { allTasks, Task } from '../core/coroutines/task.ts';
import { suspendedFrames, trackPendingAwaits } from '../core/futures/await-stacks.ts';
import { Future } from '../core/futures/future.ts';
import { observeFailures } from '../core/reports/never-retrieved.ts';
import type { ExceptionContext } from '../core/turns/loop-core.ts';
import type { Timed } from '../core/turns/timer-heap.ts';
import type { Loop } from '../loop/loop.ts';
import { Socket } from '../sock/socket.ts';
import { allOpenOn } from '../transports/open-transports.ts';
import { ChildTransport } from '../transports/subprocess/child-transport.ts';

/** Records what is created on a loop, and where, and lists what is left at the end. */
export class Leaks {
  readonly #loop: Loop;
  /** Where each task was created. */
  readonly #tasks = new WeakMap<object, string>();
  readonly #timers = new Map<Timed, string | undefined>();
  /** When there are more timers than this, those that have fired are removed. */
  #timersAtMost = 1000;
  readonly #sockets = new Map<Socket, string | undefined>();
  readonly #failed: Future<unknown>[] = [];
  readonly #reports: ExceptionContext[] = [];
  /** What is left, each as one or more lines. */
  readonly #left: string[] = [];
  readonly #ends: (() => void)[] = [];

  constructor(loop: Loop) {
    this.#loop = loop;
    loop.setExceptionHandler((_loop, context) => void this.#reports.push(context));
    loop.setTaskFactory((_loop, body, options) => {
      const task = new Task(body, { ...options, loop });
      const site = siteOfNow();
      if (site !== undefined) this.#tasks.set(task, site);
      return task;
    });
    this.#watchTimers();
    this.#ends.push(
      trackPendingAwaits(),
      observeFailures((future) => {
        if (future._loop === loop) this.#failed.push(future as Future<unknown>);
      }),
      () => {
        Socket._onMade = undefined;
      },
    );
    Socket._onMade = (made) => void this.#sockets.set(made, siteOfNow());
  }

  /** The program has ended; remaining tasks are about to be cancelled. */
  mainEnded(): void {
    for (const task of allTasks(this.#loop)) this.#left.push(`left running: ${this.#form(task)}`);
    for (const future of this.#failed)
      if (future._unseen)
        this.#left.push(
          `failed, and was never retrieved: ${this.#form(future)}\n${stackOf(future._outcome())}`,
        );
  }

  /** The loop was closed. */
  end(): void {
    for (const end of this.#ends) end();
    for (const socket of this.#sockets.keys()) socket.close();
  }

  /** What is left, each as one or more lines. */
  list(): readonly string[] {
    return [
      ...this.#left,
      ...this.#reports.map(
        ({ message, exception }) =>
          `reported: ${message}${exception === undefined ? '' : `\n${stackOf(exception)}`}`,
      ),
    ];
  }

  /** Records new timers, and looks for pending ones when the loop closes. */
  #watchTimers(): void {
    const loop = this.#loop;
    const { _turns: turns, close } = loop;
    const { at } = turns;
    turns.at = (timer) => {
      this.#timers.set(timer, siteOfNow());
      if (this.#timers.size > this.#timersAtMost) this.#forgetTimers();
      at.call(turns, timer);
    };
    loop.close = () => {
      if (!loop.isRunning() && !loop.isClosed()) this.#beforeClose();
      close.call(loop);
    };
  }

  /** Removes timers that have fired or were cancelled. */
  #forgetTimers(): void {
    for (const timer of this.#timers.keys())
      if (!timer._scheduled || timer._isDropped) this.#timers.delete(timer);
    this.#timersAtMost = 1000 + 2 * this.#timers.size;
  }

  /** All tasks have ended, and what they scheduled last has had its turn. */
  #beforeClose(): void {
    for (const [timer, site] of this.#timers)
      if (timer._scheduled && !timer._isDropped)
        this.#left.push(
          `left waiting: ${timer instanceof Future ? 'sleep()' : timer}${madeAt(site)}`,
        );
    for (const [socket, site] of this.#sockets)
      if (!socket._isClosed) this.#left.push(`left open: ${socket}${madeAt(site)}`);
    for (const open of allOpenOn(this.#loop))
      if (open instanceof ChildTransport && open.getReturncode() === undefined)
        this.#left.push(`left running: ${open}`);
  }

  #form(future: object): string {
    return `${future}${madeAt(this.#tasks.get(future))}`;
  }
}

function madeAt(site: string | undefined): string {
  return site === undefined ? '' : `, made at ${site}`;
}

/** The innermost user function on the stack, or one that awaits what is running now. */
function siteOfNow(): string | undefined {
  const site = userSite();
  if (site !== undefined) return site;
  const task = currentScope()?.task;
  return task && suspendedFrames(task)[0]?._site;
}
