/** The stored data: strings and lists by key, some of which expire. */
import type * as asyncio from 'asyncio-ts';
import { Deque } from './deque.ts';
import { LIMITS, type RespLimits } from './limits.ts';

export type Value = Uint8Array | Deque<Uint8Array>;

interface Entry {
  value: Value;
  /** Deletes it, if it expires. */
  expiry: asyncio.TimerHandle | undefined;
  /** The text with room at its end, if something was appended to it. */
  block: Buffer | undefined;
}

export class Store {
  readonly #loop: asyncio.Loop;
  readonly #entries = new Map<string, Entry>();

  /** The maximum length of a text, in bytes. */
  readonly maxBulk: number;

  constructor(loop: asyncio.Loop, { maxBulk }: Pick<RespLimits, 'maxBulk'> = LIMITS) {
    this.#loop = loop;
    this.maxBulk = maxBulk;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Stores a value that does not expire, even if the previous one would have. */
  set(key: string, value: Value): void {
    this.#entries.get(key)?.expiry?.cancel();
    this.#entries.set(key, { value, expiry: undefined, block: undefined });
  }

  /** Stores a value that expires when the previous one would have. */
  replace(key: string, value: Value): void {
    const expiry = this.#entries.get(key)?.expiry;
    this.#entries.set(key, { value, expiry, block: undefined });
  }

  /**
   * Appends to a text, in time proportional to the length of `more`, on average. Values that were read
   * before do not change.
   *
   * @returns the new length
   */
  append(key: string, more: Uint8Array): number {
    const { value, expiry, block } = this.#entries.get(key) ?? {};
    const before = (value as Uint8Array | undefined) ?? new Uint8Array();
    const size = before.length + more.length;
    let roomy = block;
    if (roomy === undefined || roomy.length < size) {
      roomy = Buffer.allocUnsafeSlow(before.length === 0 ? size : 2 * size);
      roomy.set(before);
    }
    roomy.set(more, before.length);
    this.#entries.set(key, { value: roomy.subarray(0, size), expiry, block: roomy });
    return size;
  }

  /** Deletes a key. Returns whether it existed. */
  delete(key: string): boolean {
    this.#entries.get(key)?.expiry?.cancel();
    return this.#entries.delete(key);
  }

  clear(): void {
    for (const { expiry } of this.#entries.values()) expiry?.cancel();
    this.#entries.clear();
  }

  /** Deletes a key after some seconds. Returns whether it exists. */
  expire(key: string, seconds: number): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    entry.expiry?.cancel();
    entry.expiry = this.#loop.callLater(seconds, () => this.#entries.delete(key));
    return true;
  }

  /** Keeps a key from expiring. Returns whether it would have. */
  persist(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry?.expiry === undefined) return false;
    entry.expiry.cancel();
    entry.expiry = undefined;
    return true;
  }

  /** The seconds until a key expires; `undefined` if it does not. */
  left(key: string): number | undefined {
    const expiry = this.#entries.get(key)?.expiry;
    return expiry === undefined ? undefined : Math.max(0, expiry.when() - this.#loop.time());
  }

  /** The list of a key, or a new one; `undefined` if the key has a text. */
  list(key: string): Deque<Uint8Array> | undefined {
    const value = this.get(key);
    if (value === undefined) {
      const list = new Deque<Uint8Array>();
      this.set(key, list);
      return list;
    }
    return value instanceof Deque ? value : undefined;
  }
}
