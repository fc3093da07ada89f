/**
 * The word "something should be collected", on its way from the room that says it to the collector in
 * `core`, which neither knows.
 *
 * It is said of what has a report to give, and where descriptors run out. Nothing that a peer does is a
 * reason: a client that leaves must not cost the others anything.
 */

/** @param urgent - is a resource so short that the collection should not wait? */
export type GarbageListener = (urgent: boolean) => void;

let listeners: readonly GarbageListener[] = [];
let waiting = 0;

/**
 * Says that there is something which should be collected as soon as nobody needs it any more.
 *
 * Whoever says so calls {@link dismissSuspect} when it was collected, or need not be. An urgent word is
 * about no object in particular, and is not counted.
 *
 * @param urgent - is a resource so short that the collection should not wait?
 */
export function suspectGarbage(urgent = false): void {
  if (!urgent) waiting += 1;
  for (const listener of listeners) listener(urgent);
}

/** Says that a suspect is none any more; once for each {@link suspectGarbage}. */
export function dismissSuspect(): void {
  waiting -= 1;
}

/** How many suspects there are: with none, a collection can find nothing. */
export function suspects(): number {
  return waiting;
}

/**
 * Calls `listener` at every suspicion, until the returned function is called.
 */
export function onSuspectedGarbage(listener: GarbageListener): () => void {
  listeners = [...listeners, listener];
  return () => {
    listeners = listeners.filter((other) => other !== listener);
  };
}
