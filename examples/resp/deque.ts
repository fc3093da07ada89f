/** A list that is equally fast at both ends: Redis' list. */
export class Deque<T> {
  /** A ring: its length is a power of two. */
  #ring: (T | undefined)[] = new Array(8).fill(undefined);
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    this.#grow();
    this.#ring[this.#index(this.#length)] = item;
    this.#length += 1;
  }

  unshift(item: T): void {
    this.#grow();
    this.#first = this.#index(-1);
    this.#ring[this.#first] = item;
    this.#length += 1;
  }

  shift(): T | undefined {
    const item = this.#ring[this.#first];
    if (this.#length === 0) return undefined;
    this.#ring[this.#first] = undefined;
    this.#first = this.#index(1);
    this.#length -= 1;
    return item;
  }

  pop(): T | undefined {
    if (this.#length === 0) return undefined;
    this.#length -= 1;
    const last = this.#index(this.#length);
    const item = this.#ring[last];
    this.#ring[last] = undefined;
    return item;
  }

  /** The items from `start` to `stop`, inclusive. Negative numbers count from the end. */
  range(start: number, stop: number): T[] {
    const { length } = this;
    const from = Math.max(0, start < 0 ? start + length : start);
    const to = Math.min(length - 1, stop < 0 ? stop + length : stop);
    const items: T[] = [];
    for (let at = from; at <= to; at += 1) items.push(this.#ring[this.#index(at)] as T);
    return items;
  }

  #index(at: number): number {
    return (this.#first + at) & (this.#ring.length - 1);
  }

  #grow(): void {
    if (this.#length < this.#ring.length) return;
    const items = this.range(0, -1);
    this.#ring = new Array(2 * items.length).fill(undefined);
    for (const [at, item] of items.entries()) this.#ring[at] = item;
    this.#first = 0;
  }
}
