/**
 * Requests for a garbage collection, passed to the collector in `core`. Neither side imports the
 * other.
 *
 * Full ones are requested for objects that report something once they are collected, and when
 * descriptors run out. Nothing that a peer does causes one: a client that disconnects must not cost
 * the others anything. Young ones are requested while large messages are received.
 */

/** @param urgent - is a resource so scarce that the collection should not wait? */
export type CollectionListener = (urgent: boolean) => void;

let listeners: readonly CollectionListener[] = [];
let pending = 0;

/**
 * Requests a collection, for an object that has something to report.
 *
 * The caller calls {@link withdrawCollectionRequest} when the object has been collected, or no
 * longer needs to be. An urgent request is not about a particular object, and is not counted.
 *
 * @param urgent - is a resource so scarce that the collection should not wait?
 */
export function requestCollection(urgent = false): void {
  if (!urgent) pending += 1;
  for (const listener of listeners) listener(urgent);
}

/** Withdraws a request; call it once for each {@link requestCollection}. */
export function withdrawCollectionRequest(): void {
  pending -= 1;
}

/** The number of pending requests. If there are none, a collection would find nothing. */
export function pendingCollectionRequests(): number {
  return pending;
}

/** How many bytes of large buffers trigger a young collection. */
const YOUNG_BYTES = 16 * 1024 * 1024;

let grown = 0;
let collectYoung = (): void => {};

/** Notes that a large buffer was created, of `nbytes` bytes. */
export function noteBuffer(nbytes: number): void {
  grown += nbytes;
  if (grown < YOUNG_BYTES) return;
  grown = 0;
  collectYoung();
}

/** Calls `collect` from now on while many large buffers are created. */
export function onManyBuffers(collect: () => void): void {
  collectYoung = collect;
}

/** Calls `listener` at every request, until the returned function is called. */
export function onCollectionRequest(listener: CollectionListener): () => void {
  listeners = [...listeners, listener];
  return () => {
    listeners = listeners.filter((other) => other !== listener);
  };
}
