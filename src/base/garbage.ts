/**
 * The word "something may be collectable that holds a resource", on its way from the room that
 * sees it to the collector in `core`, which neither knows.
 *
 * CPython closes a forgotten socket at once, by counting references; V8 may not look for hours.
 */

/** @param urgent - is a resource so short that the collection should not wait? */
export type GarbageListener = (urgent: boolean) => void;

let listeners: readonly GarbageListener[] = [];
let waiting = 0;

/**
 * Says that something which nobody may need any more still holds a resource.
 *
 * One that can say later that the resource was released after all calls {@link dismissSuspect};
 * an urgent word is about no object in particular, and is not counted.
 *
 * @param urgent - is the resource so short that the collection should not wait?
 */
export function suspectGarbage(urgent = false): void {
  if (!urgent) waiting += 1;
  for (const listener of listeners) listener(urgent);
}

/** Says that a suspect has released its resource; once for each {@link suspectGarbage}. */
export function dismissSuspect(): void {
  waiting -= 1;
}

/** How many suspects still hold their resource: with none, a collection can find nothing. */
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
