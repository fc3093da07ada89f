/** What is kept: by key, texts and lists, each as long as it is to live. */
import type * as asyncio from 'asyncio-ts';
import { Deque } from './deque.ts';

export type Value = Uint8Array | Deque<Uint8Array>;

interface Entry {
  value: Value;
  /** Ends its life, where it has an end. */
  expiry: asyncio.TimerHandle | undefined;
}

export class Store {
  readonly #loop: asyncio.Loop;
  readonly #entries = new Map<string, Entry>();

  constructor(loop: asyncio.Loop) {
    this.#loop = loop;
  }

  get size(): number {
    return this.#entries.size;
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Keeps a value in place of another one, and of how long that had to live. */
  set(key: string, value: Value): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, { value, expiry: undefined });
    else {
      entry.expiry?.cancel();
      entry.expiry = undefined;
      entry.value = value;
    }
  }

  /** Changes a value, which lives as long as before. */
  replace(key: string, value: Value): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) this.set(key, value);
    else entry.value = value;
  }

  /** @returns was there one? */
  delete(key: string): boolean {
    this.#entries.get(key)?.expiry?.cancel();
    return this.#entries.delete(key);
  }

  clear(): void {
    for (const { expiry } of this.#entries.values()) expiry?.cancel();
    this.#entries.clear();
  }

  /** Ends a key's life after some seconds; @returns is there one? */
  expire(key: string, seconds: number): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    entry.expiry?.cancel();
    entry.expiry = this.#loop.callLater(seconds, () => this.#entries.delete(key));
    return true;
  }

  /** Has a key live for ever; @returns had its life an end? */
  persist(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry?.expiry === undefined) return false;
    entry.expiry.cancel();
    entry.expiry = undefined;
    return true;
  }

  /** Seconds that a key has to live; `undefined`: for ever. */
  left(key: string): number | undefined {
    const expiry = this.#entries.get(key)?.expiry;
    return expiry === undefined ? undefined : Math.max(0, expiry.when() - this.#loop.time());
  }

  /** The list of a key; a new one where there is none. */
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
