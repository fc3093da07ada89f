/** When snapshots first showed an object in a state. */
const shown = new WeakMap<object, { readonly state: unknown; readonly at: number }>();

/** How many seconds snapshots have shown `what` in `state`; 0 the first time. `now` is its loop's time. */
export function shownFor(what: object, now: number, state?: unknown): number {
  const known = shown.get(what);
  if (known !== undefined && known.state === state) return Math.max(now - known.at, 0);
  shown.set(what, { state, at: now });
  return 0;
}
