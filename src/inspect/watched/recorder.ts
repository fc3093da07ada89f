import { workerThreads } from '../../base/node-modules.ts';
import { now } from '../../base/node-timers.ts';
import { numberOf } from '../../base/printing/inspect.ts';
import type { TrafficWatch } from '../../base/traffic.ts';
import { currentScope } from '../../core/context/context.ts';
import { Task } from '../../core/coroutines/task.ts';
import { describedAwaits } from '../../core/futures/described-promise.ts';
import type { Future } from '../../core/futures/future.ts';
import { taskCancelled, taskCreated, taskDone } from '../../core/reports/diagnostics.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { FOREIGN } from '../snapshot/data.ts';
import { inWords, Words } from '../snapshot/in-words.ts';
import { openLoops } from '../snapshot/open-loops.ts';
import { nameOfStep, type Watcher, watchLoops } from './watch-loops.ts';

/** The maximum number of events. */
const MOST_EVENTS = 1_000_000;
/** The track of callbacks that are not steps of a task. */
const CALLBACKS = 0;

/** The track of a task. Times are in nanoseconds. */
interface Track {
  readonly id: number;
  readonly begin: number;
  /** When its last step ended; initially, when the task started. */
  end: number;
  /** When the task was done. */
  done?: number;
  /** What it has been waiting for since its last step. */
  wait?: string | undefined;
  /** The arrows of cancels that point to its next step. */
  cancels: string[];
}

/**
 * Records what the tasks of this thread do, in the Trace Event Format. Each task is a track: a slice for its lifetime,
 * containing one for each step, and one for each wait between steps.
 */
export class Recorder implements Watcher {
  readonly #events: string[] = [];
  readonly #tracks = new Map<Task<unknown>, Track>();
  /** Tasks that are done, but whose last step may not have ended. */
  readonly #ended = new Set<Task<unknown>>();
  readonly #words = new Words();
  readonly #offset = Number(process.hrtime.bigint()) - now() * 1e6;
  readonly #thread = workerThreads().threadId;
  readonly #pid = this.#thread === 0 ? process.pid : process.pid * 1000 + this.#thread;
  readonly #stop: () => void;
  #lastCallback = 0;
  #arrows = 0;

  constructor() {
    const name = this.#thread === 0 ? `${process.pid}` : `${process.pid}/${this.#thread}`;
    this.#name('process_name', CALLBACKS, name);
    this.#name('thread_name', CALLBACKS, 'callbacks');
    const time = this.#time();
    for (const loop of openLoops())
      for (const task of loop._tasks as Set<Task<unknown>>) this.#begin(task, time);
    taskCreated.subscribe(this.#created);
    taskDone.subscribe(this.#done);
    taskCancelled.subscribe(this.#cancelled);
    this.#stop = watchLoops(this);
  }

  /** Stops recording. Returns the events, each as JSON. */
  stop(): readonly string[] {
    this.#stop();
    taskCreated.unsubscribe(this.#created);
    taskDone.unsubscribe(this.#done);
    taskCancelled.unsubscribe(this.#cancelled);
    const time = this.#time();
    for (const [task, track] of this.#tracks) this.#close(task, track, track.done ?? time);
    return this.#events;
  }

  step(subject: unknown, seconds: number, loop: LoopCore): void {
    if (this.#events.length >= MOST_EVENTS) return;
    const end = this.#time();
    const begin = end - Math.round(seconds * 1e9);
    const isSlow = seconds >= loop.slowCallbackDuration;
    if (subject instanceof Task) this.#stepOf(subject, begin, end, isSlow);
    else {
      const from = Math.max(begin, this.#lastCallback);
      this.#lastCallback = end;
      this.#slice(CALLBACKS, isSlow ? 'slow' : 'callback', nameOfStep(subject), from, end);
    }
    for (const task of this.#ended) {
      const track = this.#tracks.get(task);
      if (track !== undefined) this.#close(task, track, track.done as number);
    }
    this.#ended.clear();
  }

  readonly traffic: TrafficWatch = (end, what, bytes) => {
    if (this.#events.length >= MOST_EVENTS) return;
    const track = trackOfCurrent();
    const args = { bytes, fd: end.fileno() };
    this.#event({ ph: 'i', s: 't', cat: 'socket', name: what, tid: track, ts: this.#time(), args });
  };

  #stepOf(task: Task<unknown>, started: number, end: number, isSlow: boolean): void {
    const track = this.#tracks.get(task);
    // A callback of a task that was already done.
    if (track === undefined) return;
    const begin = Math.max(started, track.end);
    this.#endWait(track, begin);
    this.#slice(track.id, isSlow ? 'slow' : 'step', isSlow ? 'slow step' : 'step', begin, end);
    track.end = end;
    if (track.done !== undefined) return;
    const [wait] = [...task._waits(), ...describedAwaits(task)];
    track.wait =
      wait === undefined
        ? FOREIGN
        : inWords((wait._future as Future<unknown>)._describe(), this.#words);
  }

  /** Its wait is over: draws the wait and the arrows of cancels. */
  #endWait(track: Track, time: number): void {
    const { id, wait, cancels, end } = track;
    if (wait !== undefined && time > end) {
      const [name] = wait.split(/ on |,/);
      this.#slice(id, 'wait', name as string, end, time, { for: wait });
    }
    track.wait = undefined;
    for (const arrow of cancels)
      this.#event({
        ph: 'f',
        bp: 'e',
        cat: 'cancel',
        name: 'cancel',
        id: arrow,
        tid: id,
        ts: time,
      });
    track.cancels = [];
  }

  #begin(task: Task<unknown>, time: number): void {
    const track = { id: numberOf(task), begin: time, end: time, cancels: [] };
    this.#tracks.set(task, track);
    this.#name('thread_name', track.id, task.getName());
  }

  #close(task: Task<unknown>, track: Track, time: number): void {
    const end = Math.max(time, track.end);
    this.#endWait(track, end);
    this.#slice(track.id, 'task', task.getName(), track.begin, end, { runs: task._coroutine.name });
    this.#tracks.delete(task);
  }

  readonly #created = (told: unknown): void => {
    if (this.#events.length < MOST_EVENTS)
      this.#begin((told as { task: Task<unknown> }).task, this.#time());
  };

  readonly #done = (told: unknown): void => {
    const { task } = told as { task: Task<unknown> };
    const track = this.#tracks.get(task);
    if (track === undefined) return;
    track.done = this.#time();
    this.#ended.add(task);
  };

  readonly #cancelled = (told: unknown): void => {
    const track = this.#tracks.get((told as { task: Task<unknown> }).task);
    if (track === undefined) return;
    this.#arrows += 1;
    const id = `${this.#pid}.${this.#arrows}`;
    track.cancels.push(id);
    const tid = trackOfCurrent();
    this.#event({ ph: 's', cat: 'cancel', name: 'cancel', id, tid, ts: this.#time() });
  };

  #slice(tid: number, cat: string, name: string, from: number, to: number, args?: object): void {
    this.#event({ ph: 'X', cat, name, tid, ts: from, dur: to - from, args });
  }

  #name(what: string, tid: number, name: string): void {
    this.#event({ ph: 'M', name: what, tid, args: { name } });
  }

  /** Records an event; the format uses microseconds. */
  #event(event: { ts?: number; dur?: number; tid: number; [field: string]: unknown }): void {
    const { ts, dur } = event;
    const times = {
      ...(ts !== undefined && { ts: ts / 1000 }),
      ...(dur !== undefined && { dur: dur / 1000 }),
    };
    this.#events.push(JSON.stringify({ ...event, ...times, pid: this.#pid }));
  }

  #time(): number {
    return Math.round(now() * 1e6 + this.#offset);
  }
}

function trackOfCurrent(): number {
  const task = currentScope()?.task;
  return task instanceof Task ? numberOf(task) : CALLBACKS;
}
