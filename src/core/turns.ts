import { currentScope } from './context.ts';
import { Fifo } from './fifo.ts';
import type { Host } from './host.ts';
import type { Runnable } from './runnable.ts';
import { type Timed, TimerHeap } from './timer-heap.ts';

/**
 * The ready queue and the timers: what runs next, in asyncio's order.
 *
 * Each entry has an immediate of its own, because Node drains the microtasks between two
 * immediates and nowhere else. The immediates are nameless: each runs the oldest entry. So an
 * immediate can be asked for before it is known what it will run: a timer that is due at once
 * takes one when it is made, and joins the queue when the turn begins, behind everything that was
 * queued until then.
 *
 *              start()                       stop()
 *   resting ─────────────▶ running ─────────────────────────▶ stopping
 *      ▲                      ▲                                   │
 *      │                      └── a batch ends, unless stopping   │
 *      └──────────────────────────────────────────────────────────┘
 *                       the batch that runs has ended
 *
 * While resting, entries are only collected. Immediates that were asked for before a rest and
 * fire during or after it are those of an older `#run`, and do nothing.
 */
export class Turns {
  readonly #host: Host;
  readonly #timers = new TimerHeap();
  /** What is ready. */
  readonly #ready = new Fifo<Runnable>();
  /** Called when the last batch has ended; set while running. */
  #ended: (() => void) | undefined;
  #stopping = false;
  /** Immediates that were asked for and have not fired. */
  #asked = 0;
  /** Immediates of this turn that have yet to fire. */
  #batch = 0;
  /** Entries of this turn that have yet to run; fewer than immediates where a timer was cancelled. */
  #entries = 0;
  /** Was `stop()` called while resting? Then one turn still runs. */
  #oneTurn = false;
  /** What the immediates of this run call; another function for each run. */
  #step: () => void = () => {};
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

  /** Is the queue being worked off? */
  get running(): boolean {
    return this.#ended !== undefined;
  }

  /** Runs `entry` in the next turn, after all that is queued. */
  soon(entry: Runnable): void {
    this.#ready.add(entry);
    if (this.#ended !== undefined) this.#ask();
  }

  /**
   * Runs `entry` in the next turn, in one immediate with those that were queued so just before:
   * what the system told in one go. An immediate for each of them would be the half of all that a
   * small message costs. The microtasks of all run after the last of them, and not in between.
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
    if (this.#ended === undefined) return;
    // Due already: an immediate for the turn that will find it so.
    if (timer.when() <= this.#host.time()) this.#ask();
    else this.#setAlarm();
  }

  /** Is told that one of the timers in the heap was cancelled. */
  timerCancelled(): void {
    this.#timers.oneCancelled();
  }

  /**
   * Works the queue off, until {@link stop}.
   *
   * @param ended - called when the last batch has ended
   */
  start(ended: () => void): void {
    this.#ended = ended;
    this.#letDie = this.#host.keepAlive();
    this.#asked = 0;
    this.#batch = 0;
    this.#oneTurn = this.#stopping;
    const step = (): void => {
      if (step === this.#step) this.#runOne();
    };
    this.#step = step;
    // Those that will be due when the turn begins join it, as they do in every turn.
    const ready = this.#ready.size + this.#timers.countDue(this.#host.time());
    for (let n = 0; n < ready; n += 1) this.#ask();
    if (this.#stopping && ready === 0) this.#ask();
    this.#setAlarm();
  }

  /** Ends with the batch that runs, or that comes next if none does. */
  stop(): void {
    this.#stopping = true;
    // Nothing else may come that would notice.
    if (this.#ended === undefined || this.#batch > 0) return;
    // Asked from outside, between two turns: the next one still runs. From inside, it was asked by
    // the tail of the last entry, in a microtask, and the turn has just ended.
    this.#oneTurn = currentScope() === undefined;
    this.#ask();
  }

  /** Ends at once: the rest of the batch stays queued. */
  halt(): void {
    this.#stopping = true;
    if (this.#ended !== undefined) this.#endIfStopping();
  }

  /** Drops everything that is queued; nothing of it will run. */
  clear(): void {
    this.#ready.clear();
    this.#timers.clear();
  }

  #ask(): void {
    this.#asked += 1;
    this.#host.immediate(this.#step);
  }

  #runOne(): void {
    this.#asked -= 1;
    if (this.#batch === 0) {
      if (!this.#oneTurn && this.#endIfStopping()) return;
      this.#oneTurn = false;
      this.#begin();
    }
    this.#batch -= 1;
    if (this.#entries > 0) {
      this.#entries -= 1;
      const entry = this.#ready.take();
      if (this.watch === undefined) entry._run();
      else this.#runWatched(entry, this.watch);
    }
    if (this.#batch === 0 && this.#stopping) this.#endAfterEntry();
  }

  /** Begins a turn: the batch is what has an immediate by now. */
  #begin(): void {
    const due = this.#timers.takeDue(this.#host.time());
    if (due !== undefined) for (const timer of due) this.#ready.add(timer);
    const ready = this.#ready.size;
    this.#batch = this.#asked + 1;
    this.#entries = Math.min(ready, this.#batch);
    // Timers that fell due on the way have no immediate yet, and run in the next turn.
    for (let n = this.#batch; n < ready; n += 1) this.#ask();
    if (due !== undefined) this.#setAlarm();
  }

  /**
   * Ends when the microtasks that the last entry set off have run: a step of a task is these, and
   * must find its loop running. Node comes to the ticks when no microtask is left.
   */
  #endAfterEntry(): void {
    const step = this.#step;
    const end = (): void => {
      if (step === this.#step) this.#endIfStopping();
    };
    queueMicrotask(() => process.nextTick(end));
  }

  #endIfStopping(): boolean {
    if (!this.#stopping) return false;
    const ended = this.#ended;
    this.#ended = undefined;
    this.#stopping = false;
    this.#batch = 0;
    this.#entries = 0;
    this.#step = () => {};
    this.#forgetAlarm?.();
    this.#forgetAlarm = undefined;
    this.#alarmAt = Number.POSITIVE_INFINITY;
    this.#letDie?.();
    ended?.();
    return true;
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
    const due = this.#timers.takeDue(this.#host.time());
    if (due !== undefined) for (const timer of due) this.soon(timer);
    this.#setAlarm();
  };

  /**
   * Times an entry together with the microtasks that it sets off: a step of a task is these.
   *
   * Node comes to the ticks when no microtask is left.
   */
  #runWatched(entry: Runnable, watch: (subject: unknown, seconds: number) => void): void {
    // Asked before it runs: then nobody waits for it any more.
    const subject = entry._subject ?? entry;
    const begin = performance.now();
    this.current = entry;
    queueMicrotask(() =>
      process.nextTick(() => {
        if (this.current === entry) this.current = undefined;
        watch(subject, (performance.now() - begin) / 1000);
      }),
    );
    entry._run();
  }
}

/** Does an entry run that is one of several in one immediate? */
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
    runningTogether = true;
    try {
      for (const entry of this.entries) entry._run();
    } finally {
      runningTogether = false;
    }
  }
}
