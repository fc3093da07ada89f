/**
 * Requests for a garbage collection, on their way to the collector in `core`. Neither side knows the other.
 *
 * They are made for objects that have something to report once they are collected, and where descriptors
 * run out. Nothing that a peer does is a reason: a client that leaves must not cost the others anything.
 */

/** @param urgent - is a resource so short that the collection should not wait? */
export type CollectionListener = (urgent: boolean) => void;

let listeners: readonly CollectionListener[] = [];
let pending = 0;

/**
 * Asks for a collection, for an object that has something to report.
 *
 * The caller calls {@link withdrawCollectionRequest} when the object was collected, or need not be. An urgent
 * request is about no object in particular, and is not counted.
 *
 * @param urgent - is a resource so short that the collection should not wait?
 */
export function requestCollection(urgent = false): void {
  if (!urgent) pending += 1;
  for (const listener of listeners) listener(urgent);
}

/** Takes a request back; once for each {@link requestCollection}. */
export function withdrawCollectionRequest(): void {
  pending -= 1;
}

/** How many requests are pending: with none, a collection would find nothing. */
export function pendingCollectionRequests(): number {
  return pending;
}

/** Calls `listener` at every request, until the returned function is called. */
export function onCollectionRequest(listener: CollectionListener): () => void {
  listeners = [...listeners, listener];
  return () => {
    listeners = listeners.filter((other) => other !== listener);
  };
}
