/**
 * Random numbers from a seed: sfc32, by Chris Doty-Humphrey. The same seed gives the same numbers on every
 * platform, because only integers and one division are used.
 */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #count = 1;

  /** @param seed - a number or a string; 1 and '1' are the same seed */
  constructor(seed: number | string) {
    // FNV-1a with three offsets, so that short seeds fill the whole state.
    for (const char of `${seed}`) {
      const code = char.codePointAt(0) as number;
      this.#a = Math.imul(this.#a ^ code ^ 0x811c9dc5, 0x01000193);
      this.#b = Math.imul(this.#b ^ code ^ 0x9e3779b9, 0x85ebca6b);
      this.#c = Math.imul(this.#c ^ code ^ 0xc2b2ae35, 0x27d4eb2f);
    }
    for (let n = 0; n < 15; n += 1) this.#next();
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** A number from 0 up to, but not including, 1. */
  next(): number {
    return this.#next() / 0x1_0000_0000;
  }

  /** A number from `least` up to, but not including, `most`. */
  between(least: number, most: number): number {
    return least + (most - least) * this.next();
  }

  /** An integer below `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Returns `true` with this probability. */
  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  /** Shuffles an array in place, and returns it. */
  shuffled<T>(array: T[]): T[] {
    for (let n = array.length - 1; n > 0; n -= 1) {
      const other = this.below(n + 1);
      [array[n], array[other]] = [array[other] as T, array[n] as T];
    }
    return array;
  }
}
