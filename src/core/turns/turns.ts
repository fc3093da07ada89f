import { inOrder } from '../../base/errors/await-stack.ts';
import { now, queueMicrotask } from '../../base/node-timers.ts';
import { currentScope } from '../context/context.ts';
import { Fifo } from './fifo.ts';
import type { Host } from './host.ts';
import type { Runnable } from './ready-entry.ts';
import { type Timed, TimerHeap } from './timer-heap.ts';

/**
 * How many entries, and how many seconds of turns, may run before Node's own loop gets its turn:
 * sockets and Node's timers wait that long. A trip through it costs as much as several entries.
 */
const MOST_WITHOUT_NODE = 16;
const LONGEST_WITHOUT_NODE = 0.001;

/**
 * From this many entries on, a turn uses immediates: one costs less than a microtask and a tick.
 */
const MANY = 8;
/** How many immediates are requested at a time: waiting ones cost the garbage collector more. */
const MOST_IMMEDIATES = 64;

/** Called with what ran, and how many seconds it took. */
export type StepWatch = (subject: unknown, seconds: number) => void;

/**
 * The ready queue and the timers: what runs next, in asyncio's order.
 *
 * A turn runs what was ready when it started, entry by entry, each with all the microtasks that it
 * causes: together they are a task's step. So the next entry waits until no microtask is left,
 * which is when Node runs its ticks, and the next of several immediates.
 *
 *              start()                       stop()
 *   resting ─────────────▶ running ─────────────────────────▶ stopping
 *      ▲                      ▲                                   │
 *      │                      └── a batch ends, unless stopping   │
 *      └──────────────────────────────────────────────────────────┘
 *                       the batch that runs has ended
 *
 * While resting, entries are only queued. A step that was requested before a rest and comes during
 * or after it belongs to an older run, and does nothing.
 *
 * While running, either a step is scheduled, or nothing is ready and an alarm is set for the first
 * timer. In the latter case, adding an entry must schedule a step.
 */
export class Turns {
  readonly #host: Host;
  readonly #timers = new TimerHeap();
  /** The ready entries. */
  readonly #ready = new Fifo<Runnable>();
  /** Called when the last batch has ended; set while running. */
  #ended: (() => void) | undefined;
  #stopping = false;
  /**
   * Is a step coming, or not wanted because it is resting? If not, adding an entry must schedule
   * one.
   */
  #coming = true;
  /** How many turns have started. */
  turn = 0;
  /** How many entries of this turn have not run. */
  #batch = 0;
  /** Does this turn use immediates? */
  #many = false;
  /** How many immediates of this turn are pending. */
  #asked = 0;
  /** How many entries have run since Node's loop had its turn. */
  #withoutNode = 0;
  /** When the second turn since then started, in seconds on the host's clock. */
  #onOurOwnFrom: number | undefined;
  /** Should Node's loop get its turn right after the first turn of the next run? */
  #nodeAfterFirst = false;
  /** Was `stop()` called while resting? Then one turn still runs. */
  #oneTurn = false;
  /** Runs the next entry, in a tick. This and the next two are new functions for each run. */
  #step: () => void = () => {};
  /** The same in an immediate. */
  #stepOfNode: () => void = () => {};
  /** Requests the next step in a tick; for use in a microtask. */
  #tick: () => void = () => {};
  #forgetAlarm: (() => void) | undefined;
  /** When the alarm goes off, in seconds on the host's clock. */
  #alarmAt = Number.POSITIVE_INFINITY;
  #letDie: (() => void) | undefined;
  /** Called after each entry; `undefined` if there are no watches. */
  watch: StepWatch | undefined;
  readonly #watches = new Set<StepWatch>();
  /**
   * The running entry, in debug mode: reports name it as the place where something was scheduled.
   */
  current: Runnable | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Adds a watch, or removes it. */
  setWatch(watch: StepWatch, on: boolean): void {
    if (on) this.#watches.add(watch);
    else this.#watches.delete(watch);
    const all = [...this.#watches];
    const tellAll: StepWatch = (subject, seconds) => {
      for (const each of all) each(subject, seconds);
    };
    this.watch = all.length > 1 ? tellAll : all[0];
  }

  /** The time on the timers' clock, in seconds. */
  time(): number {
    return this.#host.time();
  }

  /** When the first timer is due, on that clock; `undefined` if there is none. */
  nextWhen(): number | undefined {
    return this.#timers.nextWhen();
  }

  /** The timers, earliest first. */
  listTimers(): Timed[] {
    return this.#timers.list();
  }

  /** The number of ready entries. */
  get readyCount(): number {
    return this.#ready.size;
  }

  /** Is the queue running? */
  get running(): boolean {
    return this.#ended !== undefined;
  }

  /** Runs `entry` in the next turn, after everything queued earlier. */
  soon(entry: Runnable): void {
    this.#ready.add(entry);
    if (!this.#coming) this.#come();
  }

  /**
   * Runs `entry` in the next turn, in one step with those queued this way just before: all that one
   * poll reported. Separate steps would be half the cost of a small message. The microtasks of all
   * run after the last entry.
   */
  soonTogether(entry: Runnable): void {
    const { last } = this.#ready;
    if (this.watch !== undefined) this.soon(entry);
    else if (last instanceof Together) last.entries.push(entry);
    else this.soon(new Together(entry));
  }

  /**
   * Runs `entry` in the next turn: together with others, if its caller runs together with others.
   */
  soonLikewise(entry: Runnable): void {
    if (runningTogether) this.soonTogether(entry);
    else this.soon(entry);
  }

  /** Runs `timer` in the turn in which it becomes due. */
  at(timer: Timed): void {
    this.#timers.add(timer);
    if (this.#coming) return;
    if (timer.when() <= this.#host.time()) this.#come();
    else this.#setAlarm();
  }

  /** `timer` was cancelled. */
  timerDropped(timer: Timed): void {
    this.#timers.dropped(timer);
  }

  /**
   * Runs the queue until {@link stop}.
   *
   * @param ended - called when the last batch has ended
   */
  start(ended: () => void): void {
    this.#ended = ended;
    this.#letDie = this.#host.keepAlive();
    this.#oneTurn = this.#stopping;
    const step = (): void => {
      if (step === this.#step) this.#takeStep();
    };
    this.#step = step;
    this.#stepOfNode = () => {
      this.#withoutNode = 0;
      this.#onOurOwnFrom = undefined;
      step();
    };
    this.#tick = () => this.#host.tick(step);
    const first = (): void => {
      this.#withoutNode = MOST_WITHOUT_NODE;
      step();
    };
    const firstStep = this.#nodeAfterFirst ? first : this.#stepOfNode;
    this.#nodeAfterFirst = false;
    if (this.#stopping || this.#anyReady()) this.#host.immediate(firstStep);
    else this.#sleep();
  }

  /**
   * Lets Node's loop have its turn right after the first turn of the next run, so that a signal
   * sent in the first turn is received before the second.
   */
  nodeAfterFirst(): void {
    this.#nodeAfterFirst = true;
  }

  /** Stops after the running batch, or if none is running, after the next one. */
  stop(): void {
    this.#stopping = true;
    if (this.#ended === undefined) return;
    // If called from outside, between two turns, the next turn still runs. If called from inside,
    // it was by a microtask of the last entry, and the turn has just ended.
    if (this.#batch === 0) this.#oneTurn = currentScope() === undefined;
    if (!this.#coming) this.#come();
  }

  /** Stops immediately: the rest of the batch stays queued. */
  halt(): void {
    this.#stopping = true;
    if (this.#ended !== undefined) this.#end();
  }

  /** Drops everything that is queued. */
  clear(): void {
    this.#ready.clear();
    this.#timers.clear();
  }

  /**
   * Schedules a step. In a microtask of ours, the step comes when none is left, because the last
   * entry has ended then. Otherwise it comes in Node's next turn: the caller may be the first of
   * several that a poll reports, and one turn serves all.
   */
  #come(): void {
    this.#coming = true;
    if (currentScope() !== undefined && this.#mayGoOn()) this.#tick();
    else this.#host.immediate(this.#stepOfNode);
  }

  /** Schedules a step for when the last entry has no microtasks left. */
  #comeAfterwards(): void {
    this.#coming = true;
    if (this.#batch > 0 || this.#mayGoOn()) void settled.then(this.#tick);
    else this.#host.immediate(this.#stepOfNode);
  }

  /** May another turn start before Node's loop has its own? */
  #mayGoOn(): boolean {
    if (this.#withoutNode >= MOST_WITHOUT_NODE) return false;
    const time = this.#host.time();
    this.#onOurOwnFrom ??= time;
    return time - this.#onOurOwnFrom < LONGEST_WITHOUT_NODE;
  }

  #takeStep(): void {
    if (this.#asked > 0) this.#asked -= 1;
    if (this.#batch === 0 && !this.#begin()) return;
    const step = this.#step;
    this.#coming = true;
    this.#batch -= 1;
    this.#withoutNode += 1;
    const entry = this.#ready.take();
    try {
      if (this.watch === undefined) entry._run();
      else this.#runWatched(entry, this.watch);
    } finally {
      // Unless the run has ended. Also if an error is on its way to Node, which concerns only one
      // entry.
      if (step === this.#step) this.#goOn();
    }
  }

  /** Schedules the step after an entry, if any. */
  #goOn(): void {
    if (this.#batch > 0) {
      if (!this.#many) this.#comeAfterwards();
      else if (this.#asked === 0) this.#askForImmediates();
    } else if (this.#stopping || this.#anyReady()) this.#comeAfterwards();
    else this.#sleep();
  }

  /** Starts a turn, if there is anything to run: the batch is what is ready now. */
  #begin(): boolean {
    if (this.#stopping && !this.#oneTurn) {
      this.#end();
      return false;
    }
    this.#oneTurn = false;
    this.#takeDue();
    this.#batch = this.#ready.size;
    if (this.#batch === 0) {
      if (this.#stopping) this.#end();
      else this.#sleep();
      return false;
    }
    this.turn += 1;
    this.#many = this.#batch >= MANY;
    return true;
  }

  #askForImmediates(): void {
    this.#asked = Math.min(this.#batch, MOST_IMMEDIATES);
    for (let n = 0; n < this.#asked; n += 1) this.#host.immediate(this.#stepOfNode);
  }

  /** Moves due timers to the queue, after everything that is ready. */
  #takeDue(): void {
    if (this.#timers.size === 0) return;
    const due = this.#timers.takeDue(this.#host.time());
    if (due === undefined) return;
    this.#host.reorder?.(due);
    for (const timer of due) this.#ready.add(timer);
  }

  #anyReady(): boolean {
    if (this.#ready.size > 0) return true;
    const when = this.#timers.nextWhen();
    return when !== undefined && when <= this.#host.time();
  }

  /** No step is coming until one is requested. */
  #sleep(): void {
    this.#coming = false;
    this.#setAlarm();
  }

  #end(): void {
    const ended = this.#ended;
    this.#ended = undefined;
    this.#stopping = false;
    this.#coming = true;
    this.#batch = 0;
    this.#asked = 0;
    this.#step = () => {};
    this.#forgetAlarm?.();
    this.#forgetAlarm = undefined;
    this.#alarmAt = Number.POSITIVE_INFINITY;
    this.#letDie?.();
    ended?.();
  }

  /** Sets the alarm for when the first timer is due. */
  #setAlarm(): void {
    const when = this.#timers.nextWhen();
    if (when === undefined || when >= this.#alarmAt) return;
    this.#forgetAlarm?.();
    this.#alarmAt = when;
    this.#forgetAlarm = this.#host.alarm(when - this.#host.time(), this.#ring);
  }

  readonly #ring = (): void => {
    this.#forgetAlarm = undefined;
    this.#alarmAt = Number.POSITIVE_INFINITY;
    if (!this.#coming) this.#come();
  };

  /**
   * Times an entry together with the microtasks that it causes, which are a task's step.
   *
   * Node runs the ticks when no microtask is left.
   */
  #runWatched(entry: Runnable, watch: StepWatch): void {
    // Read before it runs, because nothing waits for it afterwards.
    const subject = entry._subject ?? entry;
    const begin = now();
    this.current = entry;
    queueMicrotask(() =>
      this.#host.tick(() => {
        if (this.current === entry) this.current = undefined;
        watch(subject, (now() - begin) / 1000);
      }),
    );
    entry._run();
  }
}

/** Used to run something in the next microtask. */
const settled = Promise.resolve();

/** Is the running entry one of several in one step? */
let runningTogether = false;

/** Entries that run one after the other, without Node in between. */
class Together implements Runnable {
  readonly entries: Runnable[];

  constructor(first: Runnable) {
    this.entries = [first];
  }

  get _subject(): unknown {
    return this.entries[0]?._subject;
  }

  _run(): void {
    inOrder(this.entries, runTogether);
  }
}

function runTogether(entry: Runnable): void {
  runningTogether = true;
  try {
    entry._run();
  } finally {
    runningTogether = false;
  }
}
