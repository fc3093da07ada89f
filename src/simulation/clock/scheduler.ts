import { nextTick, now, setImmediate } from '../../base/node-timers.ts';
import { outside } from '../../core/context/async-context.ts';
import { Fifo } from '../../core/turns/fifo.ts';
import type { Host as LoopHost } from '../../core/turns/host.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { setRunningLoop } from '../../core/turns/running-loop.ts';
import { type Timed, TimerHeap } from '../../core/turns/timer-heap.ts';
import { watchForeignTurns } from './foreign-turns.ts';
import type { Random } from './random.ts';
import { ScheduledEvent } from './scheduled-event.ts';

/** Steps after which Node's own loop gets a turn, so that signals are received. */
const MOST_WITHOUT_NODE = 5000;

/** After this many turns of Node's loop and milliseconds without an event, no further event is expected. */
const IDLE_TURNS = 10;
const IDLE_MS = 20;

/** The most turns of Node's loop in one step. Code that requests another in each turn has to wait for the clock. */
const MOST_TURNS = 100;

/** Two instants are at least this far apart, in seconds: a double still tells them apart after some years. */
const INSTANT = 1e-8;

/**
 * Runs the loops of all hosts in one thread, one step at a time, in an order that the seed decides.
 *
 * The clock stands still while any host has something to run. Then the next event comes, and the clock
 * jumps to it.
 */
export class Scheduler {
  /** The most steps at one instant. */
  static mostAtOnce = 1_000_000;

  /** Seconds since the start. */
  now = 0;
  /** Steps that have run. */
  steps = 0;
  readonly #random: Random;
  readonly #events = new TimerHeap();
  /** How many of them are not in the background. */
  #foreground = 0;
  #serial = 0;
  /** The clocks with something to run, except frozen ones. */
  readonly #runnable: Clock[] = [];
  #current: Clock | undefined;
  #main!: LoopCore;
  #running = false;
  /** Is everything stopped until {@link resume}? */
  paused = false;
  #idle = 0;
  #idleFrom = 0;
  #sinceNode = 0;
  /** Has the step used Node's own ticks or immediates? */
  #isForeign = false;
  /** Turns of Node's loop that the step has taken. */
  #turns = 0;
  #unwatch: () => void = () => {};
  /** The first step of this instant. */
  #firstNow = 0;
  /** Called when nothing can happen any more. */
  #stuck: () => void = () => {};
  /** Called when an event comes after the limit, or the clock never moves. */
  #late: (what: string) => void = () => {};
  /** The time limit of the simulation, in seconds. */
  limit: number = Number.POSITIVE_INFINITY;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Called after each step, when no microtask is left. */
  afterStep: () => void = () => {};

  /** @param main - the clock stands still while this loop is not running */
  start(main: LoopCore, stuck: () => void, late: (what: string) => void): void {
    this.#main = main;
    this.#stuck = stuck;
    this.#late = late;
    this.#running = true;
    this.#unwatch = watchForeignTurns(() => {
      this.#isForeign = true;
    });
    outside(setImmediate, this.#step);
  }

  stop(): void {
    this.#running = false;
    this.#unwatch();
  }

  /** Will anything happen by itself? */
  get hasWork(): boolean {
    return this.#foreground + this.#runnable.length > 0;
  }

  /** Stops everything until {@link resume}. */
  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    if (this.#running) setImmediate(this.#step);
  }

  /** Calls `run` in `delay` simulated seconds. */
  in(delay: number, run: () => void): ScheduledEvent {
    return this.at(this.now + delay, run);
  }

  /** Calls `run` at an instant. */
  at(when: number, run: () => void): ScheduledEvent {
    this.#foreground += 1;
    return this.#add(when, run, false);
  }

  /** Calls `run` in `delay` seconds, if other events are still to come then. */
  background(delay: number, run: () => void): void {
    this.#add(this.now + delay, run, true);
  }

  #add(when: number, run: () => void, isBackground: boolean): ScheduledEvent {
    this.#serial += 1;
    const event = new ScheduledEvent(when, this.#random.next(), this.#serial, run, isBackground);
    this.#events.add(event);
    return event;
  }

  /** Cancels an event. */
  cancel(event: ScheduledEvent): void {
    if (!event._scheduled || event._isDropped) return;
    event.cancel();
    this.#events.dropped(event);
    if (!event.isBackground) this.#foreground -= 1;
  }

  /** Removes and returns the next event; `undefined` if only background events are left. */
  #takeEvent(): ScheduledEvent | undefined {
    if (this.#foreground === 0) return undefined;
    const event = this.#events.takeFirst() as ScheduledEvent;
    if (!event.isBackground) this.#foreground -= 1;
    return event;
  }

  /** @internal */
  _hasWork(clock: Clock): void {
    if (clock._isListed || clock.freezes > 0) return;
    clock._isListed = true;
    this.#runnable.push(clock);
  }

  readonly #step = (): void => {
    if (!this.#running || this.paused) return;
    if (this.#isForeign && this.#turns < MOST_TURNS) {
      // After a turn of Node's loop that requests no other, everything that the step caused has happened.
      this.#isForeign = false;
      this.#turns += 1;
      this.#turnOfNode();
      return;
    }
    // If that never happens, the next steps get one turn each.
    this.#turns = this.#isForeign ? MOST_TURNS - 1 : 0;
    this.afterStep();
    if (this.steps - this.#firstNow > Scheduler.mostAtOnce) {
      this.#firstNow = this.steps;
      this.#late(`the clock has stood still for ${Scheduler.mostAtOnce} steps`);
      if (this.paused) return;
    }
    const clock = this.#next();
    if (clock === undefined) {
      this.#wait();
      return;
    }
    this.#idle = 0;
    this.steps += 1;
    this.#current = clock;
    setRunningLoop(clock.loop);
    try {
      clock._take()();
    } finally {
      this.#sinceNode += 1;
      if (this.#sinceNode < MOST_WITHOUT_NODE) void settled.then(this.#soon);
      else this.#turnOfNode();
    }
  };

  /** When no microtask is left. */
  readonly #soon = (): void => {
    nextTick(this.#step);
  };

  #turnOfNode(): void {
    this.#sinceNode = 0;
    setImmediate(this.#step);
  }

  /** The host whose step is next. If there is none, the clock advances. */
  #next(): Clock | undefined {
    const current = this.#current;
    if (current?._goesOn === true) return current;
    for (;;) {
      const { length } = this.#runnable;
      if (length > 0) {
        const at = length === 1 ? 0 : this.#random.below(length);
        const clock = this.#runnable[at] as Clock;
        this.#runnable[at] = this.#runnable[length - 1] as Clock;
        this.#runnable.pop();
        clock._isListed = false;
        if (clock.freezes === 0 && clock._hasWork) return clock;
        continue;
      }
      if (!this.#main.isRunning()) return undefined;
      const event = this.#takeEvent();
      if (event === undefined) return undefined;
      this.#idle = 0;
      if (event.when() > this.limit) {
        this.#late(`the simulation still runs after ${this.limit} s`);
        return undefined;
      }
      this.#firstNow = this.steps;
      this.now = Math.max(this.now, event.when());
      event._run();
      if (!this.#running || this.paused) return undefined;
    }
  }

  /** Nothing to run: one of Node's own promises may settle. */
  #wait(): void {
    if (!this.#running || this.paused) return;
    if (this.#idle === 0) this.#idleFrom = now();
    if (this.#main.isRunning()) this.#idle += 1;
    if (this.#idle > IDLE_TURNS && now() - this.#idleFrom >= IDLE_MS) {
      this.#idle = 0;
      this.#stuck();
    }
    if (!this.paused) this.#turnOfNode();
  }
}

const settled = Promise.resolve();

/** What the loop of a simulated host runs on: a clock of its own, and the {@link Scheduler}'s steps. */
export class Clock implements LoopHost {
  /** The loop that runs on it. */
  loop: LoopCore | undefined;
  /** How many freezes are in force; nothing runs on it until there are none. */
  freezes = 0;
  /** @internal is it in the scheduler's list of clocks with something to run? */
  _isListed = false;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  /** How many of its seconds pass per simulated second. */
  readonly #rate: number;
  /** What it shows at the start of the simulation. */
  readonly #offset: number;
  readonly #ticks = new Fifo<() => void>();
  readonly #queue = new Fifo<() => void>();

  /**
   * @param drift - how much faster it runs than the simulation's: 0.01 gains 10 ms a second
   * @param offset - what it shows at the start, in seconds
   */
  constructor(scheduler: Scheduler, random: Random, drift: number, offset: number) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#rate = 1 + drift;
    this.#offset = offset;
  }

  time(): number {
    return this.#offset + this.#scheduler.now * this.#rate;
  }

  immediate(callback: () => void): void {
    this.#queue.add(callback);
    this.#scheduler._hasWork(this);
  }

  tick(callback: () => void): void {
    this.#ticks.add(callback);
    this.#scheduler._hasWork(this);
  }

  alarm(delay: number, callback: () => void): () => void {
    const event = this.#scheduler.in(Math.max(delay / this.#rate, INSTANT), callback);
    return () => this.#scheduler.cancel(event);
  }

  keepAlive(): () => void {
    // The scheduler runs as long as the simulation does.
    return () => {};
  }

  /** Shuffles timers that are due at the same instant. */
  reorder(due: Timed[]): void {
    for (let from = 0; from < due.length; ) {
      const when = due[from]?.when();
      let to = from + 1;
      while (to < due.length && due[to]?.when() === when) to += 1;
      if (to - from > 1) due.splice(from, to - from, ...this.#random.shuffled(due.slice(from, to)));
      from = to;
    }
  }

  /** Ends a freeze. */
  thaw(): void {
    this.freezes -= 1;
    if (this._hasWork) this.#scheduler._hasWork(this);
  }

  /** Drops everything queued. */
  clear(): void {
    this.#ticks.clear();
    this.#queue.clear();
  }

  /** @internal does its turn have more to run, without interruption? */
  get _goesOn(): boolean {
    return this.#ticks.size > 0 && this.freezes === 0;
  }

  /** @internal */
  get _hasWork(): boolean {
    return this.#ticks.size > 0 || this.#queue.size > 0;
  }

  /** @internal removes and returns the next callback */
  _take(): () => void {
    const taken = (this.#ticks.size > 0 ? this.#ticks : this.#queue).take();
    if (this._hasWork) this.#scheduler._hasWork(this);
    return taken;
  }
}
