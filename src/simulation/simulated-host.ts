import { RuntimeError } from '../base/errors/errors.ts';
import { printsAsText } from '../base/printing/inspect.ts';
import { allTasks, type Task } from '../core/coroutines/task.ts';
import type { ExceptionContext } from '../core/turns/loop-core.ts';
import { runningLoop, setRunningLoop } from '../core/turns/running-loop.ts';
import { Loop } from '../loop/loop.ts';
import type { Clock } from './clock/scheduler.ts';
import type { SimulatedKernel } from './network/kernel.ts';

/** The program of a host. */
export type HostMain = (host: SimulatedHost) => PromiseLike<unknown>;

/** What a host needs from the world. */
export interface HostWorld {
  readonly kernel: SimulatedKernel;
  readonly main: HostMain;
  newClock(): Clock;
  started(loop: Loop): void;
  /** The host's program has failed or reported an error. */
  failed(host: SimulatedHost, error: unknown): void;
  reported(host: SimulatedHost, context: ExceptionContext): void;
  changed(): void;
}

/**
 * A host of a simulation: a loop, an address, and a program.
 *
 * ```text
 *           main() returns, stop()
 *   up ───────────────────────────▶ ended
 *    │ ▲                              │
 *    │ └────────── restart() ─────────┤
 *    │      crash()                   │
 *    ├──────────────────────▶ crashed ┤
 *    │      powerOff()                │
 *    └──────────────────────▶ off ────┘
 * ```
 */
export class SimulatedHost {
  static {
    printsAsText(this);
  }

  #state: 'up' | 'ended' | 'crashed' | 'off' = 'ended';
  /** @internal how often it was started */
  _starts = 0;
  #loop: Loop | undefined;
  #clock: Clock | undefined;
  #task: Task<unknown> | undefined;
  readonly #world: HostWorld;

  /** @internal */
  constructor(world: HostWorld) {
    this.#world = world;
  }

  /** Its name. `getaddrinfo()` resolves it, and on the host, `gethostname()` returns it. */
  get name(): string {
    return this.#world.kernel.hostname;
  }

  /** Its IPv4 address. */
  get address(): string {
    return this.#world.kernel.address;
  }

  /** Its IPv6 address, if it has one. */
  get address6(): string | undefined {
    return this.#world.kernel.address6;
  }

  /** `'up'`; `'ended'` when its program has; `'crashed'`, `'off'`. */
  get state(): 'up' | 'ended' | 'crashed' | 'off' {
    return this.#state;
  }

  /**
   * The loop that its program runs on; a new one after each start.
   *
   * @throws {RuntimeError} when the host is not up
   */
  get loop(): Loop {
    if (this.#loop === undefined) throw new RuntimeError(`${this} is not up`);
    return this.#loop;
  }

  /** The maximum number of open descriptors, including three that are not sockets. */
  get descriptors(): number {
    return this.#world.kernel.descriptors.limit + 3;
  }

  /** Sets the maximum. */
  set descriptors(limit: number) {
    this.#world.kernel.descriptors.limit = Math.max(0, limit - 3);
  }

  /**
   * Starts the program again, on a new loop. Its memory is lost, except for what `main` refers to.
   *
   * @throws {RuntimeError} when the host is up
   */
  restart(): void {
    if (this.#state === 'up') throw new RuntimeError(`${this} is already up`);
    const { kernel } = this.#world;
    const clock = this.#world.newClock();
    const loop = new Loop({ host: clock });
    clock.loop = loop;
    this.#world.started(loop);
    loop.setExceptionHandler((_loop, context) => this.#world.reported(this, context));
    this.#clock = clock;
    this.#loop = loop;
    this.#state = 'up';
    this._starts += 1;
    kernel.network.trace.noted(kernel, 'starts');
    kernel.descriptors.shortages.clear();
    if (kernel.down) {
      kernel.down = false;
      kernel.network.hostIsUp(kernel);
    }
    const running = runningLoop();
    // A SystemExit or a KeyboardInterrupt ends the host's program, as it would end a process.
    loop._start((interruption) => {
      if (interruption !== undefined) this.#world.failed(this, interruption.error);
    });
    setRunningLoop(running);
    const task = loop.createTask(() => this.#world.main(this) as Promise<unknown>, {
      name: `${this.name}.main`,
    });
    this.#task = task;
    task.addDoneCallback(() => {
      if (this.#task === task) this.#mainEnded(task);
    });
  }

  #mainEnded(task: Task<unknown>): void {
    if (!task.cancelled() && task.exception() !== undefined)
      this.#world.failed(this, task.exception());
    const left = [...allTasks(this.#loop)] as Task<unknown>[];
    for (const each of left) each.cancel();
    const end = (): void => {
      if (this.#task !== task) return;
      if (allTasks(this.#loop).size > 0) return;
      // Callbacks that were scheduled last still run.
      this.#loop?.callSoon(() => this.#end('ended'));
    };
    for (const each of left) each.addDoneCallback(() => end());
    end();
  }

  /** Cancels its program, like Ctrl-C. Does not wait for its end. */
  stop(): void {
    if (this.#state === 'up') this.#task?.cancel();
  }

  /** Kills its program, like `kill -9`. No `finally` block runs, and the system closes its sockets. */
  crash(): void {
    if (this.#state !== 'up') return;
    this.#world.kernel.network.trace.noted(this.#world.kernel, 'crashes');
    this.#end('crashed');
  }

  /** Powers it off. Its peers are not notified: their connections stay half open. */
  powerOff(): void {
    if (this.#state !== 'off') this._losePower('off');
  }

  /** @internal */
  _losePower(state: 'off' | 'crashed'): void {
    const { kernel } = this.#world;
    kernel.network.trace.noted(kernel, 'loses power');
    kernel.vanish();
    this.#end(state);
  }

  /** Stops its program for some seconds, like a long garbage collection. */
  freeze(seconds: number): void {
    const clock = this.#clock;
    if (clock === undefined) return;
    const { kernel } = this.#world;
    kernel.network.trace.noted(kernel, `stands still for ${seconds.toFixed(3)} s`);
    clock.freezes += 1;
    kernel.network.scheduler.in(seconds, () => clock.thaw());
  }

  #end(state: 'ended' | 'crashed' | 'off'): void {
    const loop = this.#loop;
    this.#task = undefined;
    this.#state = state;
    if (loop !== undefined) {
      this.#loop = undefined;
      this.#clock?.clear();
      const running = runningLoop();
      loop._turns.halt();
      setRunningLoop(running);
      if (state !== 'ended') {
        this.#world.kernel.closeAll();
        for (const task of allTasks(loop)) (task as Task<unknown>)._logDestroyPending = false;
      }
      loop.close();
      this.#world.kernel.closeAll();
    }
    this.#world.changed();
  }

  /** `<SimulatedHost db 10.0.0.2 up>` */
  toString(): string {
    return `<SimulatedHost ${this.name} ${this.address} ${this.#state}>`;
  }
}
