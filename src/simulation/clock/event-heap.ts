/** Something that happens at an instant. */
export interface Event {
  /** In seconds of the simulation. */
  when: number;
  /** Which of several at one instant comes first: drawn by the seed. */
  tie: number;
  /** In the order in which they were made, for equal ties. */
  serial: number;
  /** `undefined` once it was called off. */
  run: (() => void) | undefined;
  /** Does it come by itself, whatever the program does? */
  readonly background: boolean;
}

/** The events that are to come, the earliest first. A binary heap. */
export class EventHeap {
  readonly #heap: Event[] = [];
  #serial = 0;
  /** How many are to come that are not in the background. */
  foreground = 0;

  add(when: number, tie: number, run: () => void, background: boolean): Event {
    const heap = this.#heap;
    this.#serial += 1;
    const event: Event = { when, tie, serial: this.#serial, run, background };
    if (!background) this.foreground += 1;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Event;
      if (!isBefore(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
    return event;
  }

  /** Takes the earliest that still counts, and marks it as over. */
  take(): { readonly when: number; readonly run: () => void } | undefined {
    for (;;) {
      const first = this.#removeFirst();
      if (first === undefined) return undefined;
      const { when, run } = first;
      this.cancel(first);
      if (run !== undefined) return { when, run };
    }
  }

  /** Calls an event off. */
  cancel(event: Event): void {
    if (event.run === undefined) return;
    event.run = undefined;
    if (!event.background) this.foreground -= 1;
  }

  #removeFirst(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Event)) child += 1;
      const below = heap[child] as Event;
      if (!isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Event, other: Event): boolean {
  if (one.when !== other.when) return one.when < other.when;
  return one.tie === other.tie ? one.serial < other.serial : one.tie < other.tie;
}
