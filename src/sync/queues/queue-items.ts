import { typeError } from '../../base/errors/refusals.ts';

/** The items of a queue, in the order in which it returns them. */
export interface Items<T> extends Iterable<T> {
  /** The number of items. */
  readonly size: number;
  add(item: T): void;
  /** Removes and returns the next item; must not be called when empty. */
  take(): T;
}

/** Last in, first out. */
export class LifoItems<T> implements Items<T> {
  readonly #stack: T[] = [];

  get size(): number {
    return this.#stack.length;
  }

  add(item: T): void {
    this.#stack.push(item);
  }

  take(): T {
    return this.#stack.pop() as T;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#stack[Symbol.iterator]();
  }
}

/**
 * The lowest first.
 *
 * A binary heap that moves its items like Python's `heapq`, so that equal items come in the same
 * order. Items are compared before any is moved, so a comparison that throws changes nothing.
 */
export class SortedItems<T> implements Items<T> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  add(item: T): void {
    const heap = this.#heap;
    const path: number[] = [];
    for (let at = heap.length; at > 0 && isLess(item, heap[(at - 1) >> 1]); at = (at - 1) >> 1)
      path.push((at - 1) >> 1);

    let hole = heap.length;
    for (const parent of path) {
      heap[hole] = heap[parent] as T;
      hole = parent;
    }
    heap[hole] = item;
  }

  take(): T {
    const heap = this.#heap;
    const { length } = heap;
    const last = heap[length - 1] as T;
    // The hole at the top moves down to a leaf, always to the lower child, …
    const path = [0];
    for (let child = 1; child < length - 1; ) {
      const right = child + 1;
      const lower = right < length - 1 && !isLess(heap[child], heap[right]) ? right : child;
      path.push(lower);
      child = 2 * lower + 1;
    }
    // … and the last item moves from there up to its place.
    let level = path.length - 1;
    while (level > 0 && isLess(last, heap[path[level] as number])) level -= 1;

    const lowest = heap[0] as T;
    for (let n = 0; n < level; n += 1) heap[path[n] as number] = heap[path[n + 1] as number] as T;
    heap[path[level] as number] = last;
    heap.length = length - 1;
    return lowest;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#heap[Symbol.iterator]();
  }
}

/**
 * Is `a` less than `b`, as in Python? Arrays are compared item by item, like tuples.
 *
 * @throws {TypeError} when they cannot be compared
 */
function isLess(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    const differ = a.findIndex((item, n) => n >= b.length || !isEqual(item, b[n]));
    if (differ < 0) return a.length < b.length;
    return differ < b.length && isLess(a[differ], b[differ]);
  }
  const [left, right] = [comparable(a), comparable(b)];
  if (typeof left === 'string' ? typeof right === 'string' : isNumeric(left) && isNumeric(right))
    return (left as number) < (right as number);
  throw typeError(
    `'<' not supported between instances of '${kindOfItems(a)}' and '${kindOfItems(b)}'`,
  );
}

function isEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, n) => isEqual(item, b[n]));
  return comparable(a) === comparable(b);
}

/** The value to compare: of dates and the like, their `valueOf()`. */
function comparable(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? value.valueOf() : value;
}

function isNumeric(value: unknown): boolean {
  return ['number', 'bigint', 'boolean'].includes(typeof value);
}

function kindOfItems(value: unknown): string {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return value.constructor?.name ?? 'object';
}
