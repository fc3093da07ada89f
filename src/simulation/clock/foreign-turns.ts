/**
 * Notes when code asks for a tick or an immediate of Node's: streams and event emitters of Node, and packages on
 * top of them. What they call back belongs to the step in which they asked.
 *
 * @param note - called each time
 * @returns a function that ends that
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
