import {
  MIN_CANCELLED_TIMER_HANDLES_FRACTION,
  MIN_SCHEDULED_TIMER_HANDLES,
} from '../../base/constants.ts';
import type { Runnable } from './ready-entry.ts';

/** An item of the heap: a timer handle, or a sleep. */
export interface Timed extends Runnable {
  /** @internal is it in the heap? Set by the heap. */
  _scheduled: boolean;
  /** When it is due, in seconds. */
  when(): number;
  /** @internal was it cancelled? Then nothing happens when it is due. */
  readonly _isDropped: boolean;
  /** @internal does it come before `other`? */
  _before(other: Timed): boolean;
}

/** A timer of a loop. */
export interface Numbered extends Timed {
  /** @internal */
  readonly _when: number;
  /** @internal lower for older timers */
  readonly _number: number;
}

let timersMade = 0;

/** The number of a new timer. */
export function nextTimerNumber(): number {
  timersMade += 1;
  return timersMade;
}

/** Is `one` due before `other`, or at the same time and older? */
export function isBefore(one: Numbered, other: Numbered): boolean {
  return one._when === other._when ? one._number < other._number : one._when < other._when;
}

/**
 * The pending timers, earliest first; of those due at the same time, the oldest first.
 *
 * A cancelled timer stays until it comes up, or until so many are cancelled that the heap is
 * rebuilt without them: removing one from the middle would need a search.
 */
export class TimerHeap {
  /**
   * A binary heap: the children of `i` are `2i + 1` and `2i + 2`, and none comes before its parent.
   */
  #heap: Timed[] = [];
  /** The number of cancelled timers. */
  #cancelled = 0;

  /** The number of timers, including cancelled ones. */
  get size(): number {
    return this.#heap.length;
  }

  add(timer: Timed): void {
    timer._scheduled = true;
    this.#heap.push(timer);
    this.#rise(this.#heap.length - 1);
  }

  /** `timer` was cancelled. */
  dropped(timer: Timed): void {
    if (!timer._scheduled) return;
    this.#cancelled += 1;
    const size = this.#heap.length;
    if (
      size > MIN_SCHEDULED_TIMER_HANDLES &&
      this.#cancelled / size > MIN_CANCELLED_TIMER_HANDLES_FRACTION
    )
      this.#rebuild();
  }

  /** When the first timer is due that was not cancelled, in seconds on the loop's clock. */
  nextWhen(): number | undefined {
    let top = this.#heap[0];
    while (top?._isDropped) {
      this.#removeTop();
      top = this.#heap[0];
    }
    return top?.when();
  }

  /**
   * Removes and returns the timers that are due at `now`, in order; `undefined` if there are none.
   */
  takeDue(now: number): Timed[] | undefined {
    let due: Timed[] | undefined;
    for (let when = this.nextWhen(); when !== undefined && when <= now; when = this.nextWhen()) {
      due ??= [];
      due.push(this.#removeTop());
    }
    return due;
  }

  /** Removes and returns the first timer that was not cancelled; `undefined` if there is none. */
  takeFirst(): Timed | undefined {
    return this.nextWhen() === undefined ? undefined : this.#removeTop();
  }

  /** The timers that were not cancelled, earliest first. */
  list(): Timed[] {
    return this.#heap
      .filter((timer) => !timer._isDropped)
      .sort((one, other) => (one._before(other) ? -1 : 1));
  }

  clear(): void {
    for (const timer of this.#heap) timer._scheduled = false;
    this.#heap = [];
    this.#cancelled = 0;
  }

  #rebuild(): void {
    const kept = this.#heap.filter((timer) => !timer._isDropped);
    for (const timer of this.#heap) timer._scheduled = false;
    this.#heap = [];
    this.#cancelled = 0;
    for (const timer of kept) this.add(timer);
  }

  #removeTop(): Timed {
    const heap = this.#heap;
    const top = heap[0] as Timed;
    const last = heap.pop() as Timed;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink(0);
    }
    top._scheduled = false;
    if (top._isDropped) this.#cancelled -= 1;
    return top;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const timer = heap[from] as Timed;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Timed;
      if (!timer._before(above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = timer;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const timer = heap[from] as Timed;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right?._before(heap[child] as Timed)) child += 1;
      const below = heap[child] as Timed;
      if (!below._before(timer)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = timer;
  }
}
