/** Slots that are kept when nothing is left. */
const MOST_KEPT = 65_536;

/** First in, first out. */
export class Fifo<T> {
  /** The items: from `#first`, which is the oldest, to before `#end`. The other slots are spent. */
  #slots: (T | undefined)[] = [];
  #first = 0;
  #end = 0;

  /** How many there are. */
  get size(): number {
    return this.#end - this.#first;
  }

  /** The newest; `undefined` where there is none. */
  get last(): T | undefined {
    return this.#end > this.#first ? this.#slots[this.#end - 1] : undefined;
  }

  add(item: T): void {
    this.#slots[this.#end] = item;
    this.#end += 1;
  }

  /** Takes the oldest out; the caller knows that there is one. */
  take(): T {
    const first = this.#first;
    const item = this.#slots[first] as T;
    this.#slots[first] = undefined;
    this.#first = first + 1;
    if (this.#first === this.#end) {
      // The array stays, with its length, which is dear to set.
      if (this.#end > MOST_KEPT) this.#slots = [];
      this.#first = 0;
      this.#end = 0;
    } else if (this.#first >= 1024 && this.#first * 2 >= this.#end) {
      // Half of it is spent: to move the other half costs no more than what was taken since.
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
