/** The most slots that are kept when it is empty. */
const MOST_KEPT = 65_536;

/** A first-in-first-out queue. */
export class Fifo<T> {
  /** The items: from `#first`, the oldest, to before `#end`. The other slots are unused. */
  #slots: (T | undefined)[] = [];
  #first = 0;
  #end = 0;

  /** The number of items. */
  get size(): number {
    return this.#end - this.#first;
  }

  /** The newest item; `undefined` if it is empty. */
  get last(): T | undefined {
    return this.#end > this.#first ? this.#slots[this.#end - 1] : undefined;
  }

  add(item: T): void {
    this.#slots[this.#end] = item;
    this.#end += 1;
  }

  /** Removes and returns the oldest item; it must not be empty. */
  take(): T {
    const first = this.#first;
    const item = this.#slots[first] as T;
    this.#slots[first] = undefined;
    this.#first = first + 1;
    if (this.#first === this.#end) {
      // Keeps the array and its length, which is expensive to change.
      if (this.#end > MOST_KEPT) this.#slots = [];
      this.#first = 0;
      this.#end = 0;
    } else if (this.#first >= 1024 && this.#first * 2 >= this.#end) {
      // Half of it is unused: moving the other half costs no more than what was taken since.
      this.#slots = this.#slots.slice(this.#first, this.#end);
      this.#end -= this.#first;
      this.#first = 0;
    }
    return item;
  }

  clear(): void {
    this.#slots = [];
    this.#first = 0;
    this.#end = 0;
  }

  [Symbol.iterator](): Iterator<T> {
    return (this.#slots.slice(this.#first, this.#end) as T[])[Symbol.iterator]();
  }
}
