/**
 * Notices when code requests a tick or an immediate from Node, as Node's streams and the packages that use them do.
 * Their callbacks belong to the step that requested them.
 *
 * @param note - called each time
 * @returns a function that undoes this
 */
export function watchForeignTurns(note: () => void): () => void {
  const ends = [noting(process, 'nextTick', note), noting(globalThis, 'setImmediate', note)];
  return () => {
    for (const end of ends) end();
  };
}

function noting<K extends string>(
  owner: { [k in K]: (...args: never[]) => unknown },
  name: K,
  note: () => void,
): () => void {
  const before = owner[name];
  const noted = function (this: unknown, ...args: never[]): unknown {
    note();
    return Reflect.apply(before, this, args);
  };
  // setImmediate() has a property for promisify().
  Object.defineProperties(noted, Object.getOwnPropertyDescriptors(before));
  owner[name] = noted;
  return () => {
    if (owner[name] === noted) owner[name] = before;
  };
}
