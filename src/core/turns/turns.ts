import { inOrder } from '../../base/errors/await-stack.ts';
import { now, queueMicrotask } from '../../base/node-timers.ts';
import { currentScope } from '../context/context.ts';
import { Fifo } from './fifo.ts';
import type { Host } from './host.ts';
import type { Runnable } from './ready-entry.ts';
import { type Timed, TimerHeap } from './timer-heap.ts';

/**
 * Entries that run, and seconds that turns may go on, before Node's own loop gets its turn: sockets
 * and Node's timers wait that long. A trip there costs as much as several entries.
 */
const MOST_WITHOUT_NODE = 16;
const LONGEST_WITHOUT_NODE = 0.001;

/** A turn of so many entries runs by immediates: one costs less than a microtask and a tick. */
const MANY = 8;
/** So many are asked for at a time: those that wait for long cost the garbage collector more. */
const MOST_IMMEDIATES = 64;

/**
 * The ready queue and the timers: what runs next, in asyncio's order.
 *
 * A turn runs what was ready when it began, entry by entry, each with all the microtasks that it
 * causes: these are a task's step. So the next entry waits until no microtask is left. That is
 * when Node runs its ticks, and the next of several immediates.
 *
 *              start()                       stop()
 *   resting ─────────────▶ running ─────────────────────────▶ stopping
 *      ▲                      ▲                                   │
 *      │                      └── a batch ends, unless stopping   │
 *      └──────────────────────────────────────────────────────────┘
 *                       the batch that runs has ended
 *
 * While resting, entries are only collected. A step that was requested before a rest and comes
 * during or after it belongs to an older run, and does nothing.
 *
 * While running, either a step is scheduled, or nothing is ready and an alarm is set for the first
 * timer; then whatever adds an entry must schedule a step.
 */
export class Turns {
  readonly #host: Host;
  readonly #timers = new TimerHeap();
  /** What is ready. */
  readonly #ready = new Fifo<Runnable>();
  /** Called when the last batch has ended; set while running. */
  #ended: (() => void) | undefined;
  #stopping = false;
  /** Has nobody to see to it that a step comes: one does, or none is wanted, while resting? */
  #coming = true;
  /** How many turns have begun. */
  turn = 0;
  /** Entries of this turn that have yet to run. */
  #batch = 0;
  /** Do they run by immediates? */
  #many = false;
  /** Immediates of this turn that were asked for and have yet to fire. */
  #asked = 0;
  /** Entries that ran since Node's loop had its turn. */
  #withoutNode = 0;
  /** When the second turn since then began, in seconds on the host's clock. */
  #onOurOwnFrom: number | undefined;
  /** Does Node's loop have its turn right after the first one of the next run? */
  #nodeAfterFirst = false;
  /** Was `stop()` called while resting? Then one turn still runs. */
  #oneTurn = false;
  /** Runs the next entry of this run, in a tick; other functions for each run, as the next two. */
  #step: () => void = () => {};
  /** The same in an immediate. */
  #stepOfNode: () => void = () => {};
  /** Has the next step come in a tick; for a microtask. */
  #tick: () => void = () => {};
  #forgetAlarm: (() => void) | undefined;
  /** When the alarm goes off, in seconds on the host's clock. */
  #alarmAt = Number.POSITIVE_INFINITY;
  #letDie: (() => void) | undefined;
  /** Is called in debug mode after each entry, with what ran and the seconds that it took. */
  watch: ((subject: unknown, seconds: number) => void) | undefined;
  /** The entry that runs, in debug mode: what a report names as the place where a thing was scheduled. */
  current: Runnable | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Seconds on the clock of the timers. */
  time(): number {
    return this.#host.time();
  }

  /** When the first timer is due, on that clock; none where there is no timer. */
  nextWhen(): number | undefined {
    return this.#timers.nextWhen();
  }

  /** The timers, the earliest first. */
  listTimers(): Timed[] {
    return this.#timers.list();
  }

  /** How many entries are ready. */
  get readyCount(): number {
    return this.#ready.size;
  }

  /** Is the queue being worked off? */
  get running(): boolean {
    return this.#ended !== undefined;
  }

  /** Runs `entry` in the next turn, after all that is queued. */
  soon(entry: Runnable): void {
    this.#ready.add(entry);
    if (!this.#coming) this.#come();
  }

  /**
   * Runs `entry` in the next turn, in one step with those queued in the same way just before: all that
   * one poll reported. A step for each would be half of all that a small
   * message costs. Their microtasks run after the last of them, not in between.
   */
  soonTogether(entry: Runnable): void {
    const { last } = this.#ready;
    if (this.watch !== undefined) this.soon(entry);
    else if (last instanceof Together) last.entries.push(entry);
    else this.soon(new Together(entry));
  }

  /** Runs `entry` in the next turn: together with others, where those run together who ask for it. */
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

  /** Is told that one of the timers in the heap was cancelled. */
  timerCancelled(): void {
    this.#timers.oneCancelled();
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
   * Gives Node's loop its turn right after the first turn of the next run, so that a signal that the
   * first turn sends is received before the second.
   */
  nodeAfterFirst(): void {
    this.#nodeAfterFirst = true;
  }

  /** Ends with the batch that runs, or that comes next if none does. */
  stop(): void {
    this.#stopping = true;
    if (this.#ended === undefined) return;
    // Asked from outside, between two turns: the next one still runs. From inside, it was asked by
    // the tail of the last entry, in a microtask, and the turn has just ended.
    if (this.#batch === 0) this.#oneTurn = currentScope() === undefined;
    if (!this.#coming) this.#come();
  }

  /** Ends at once: the rest of the batch stays queued. */
  halt(): void {
    this.#stopping = true;
    if (this.#ended !== undefined) this.#end();
  }

  /** Drops everything that is queued; nothing of it will run. */
  clear(): void {
    this.#ready.clear();
    this.#timers.clear();
  }

  /**
   * Schedules a step. If one of our microtasks runs, the step comes when none is left: the last
   * entry has ended then. Otherwise the step comes in Node's next turn: the caller may
   * be the first of several that a poll reports, and one turn is for all.
   */
  #come(): void {
    this.#coming = true;
    if (currentScope() !== undefined && this.#mayGoOn()) this.#tick();
    else this.#host.immediate(this.#stepOfNode);
  }

  /** Has a step come when no microtask is left of the entry that has just run. */
  #comeAfterwards(): void {
    this.#coming = true;
    if (this.#batch > 0 || this.#mayGoOn()) void settled.then(this.#tick);
    else this.#host.immediate(this.#stepOfNode);
  }

  /** May another turn begin before Node's loop has its own? */
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
      // Unless the run has ended. Also where an error is on its way to Node: it is for one entry.
      if (step === this.#step) this.#goOn();
    }
  }

  /** Sees to the step after an entry. */
  #goOn(): void {
    if (this.#batch > 0) {
      if (!this.#many) this.#comeAfterwards();
      else if (this.#asked === 0) this.#askForImmediates();
    } else if (this.#stopping || this.#anyReady()) this.#comeAfterwards();
    else this.#sleep();
  }

  /** Begins a turn, where there is one to run: the batch is what is ready by now. */
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

  /** Timers that are due join the queue, behind all that is ready. */
  #takeDue(): void {
    if (this.#timers.size === 0) return;
    const due = this.#timers.takeDue(this.#host.time());
    if (due !== undefined) for (const timer of due) this.#ready.add(timer);
  }

  #anyReady(): boolean {
    if (this.#ready.size > 0) return true;
    const when = this.#timers.nextWhen();
    return when !== undefined && when <= this.#host.time();
  }

  /** No step is to come, before somebody asks for one. */
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

  /** Sees to it that the alarm goes off when the first timer is due. */
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
   * Times an entry together with the microtasks that it causes: these are a task's step.
   *
   * Node runs the ticks when no microtask is left.
   */
  #runWatched(entry: Runnable, watch: (subject: unknown, seconds: number) => void): void {
    // Asked before it runs: then nobody waits for it any more.
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

/** Whatever is to run in the next microtask hangs on this. */
const settled = Promise.resolve();

/** Does an entry run that is one of several in one step? */
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
