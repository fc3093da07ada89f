/** A foreign promise, one that this library has not created, and the functions that settle it. */
export interface Foreign<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** Creates a foreign promise, which a cancel cannot reach. */
export function foreign<T = void>(): Foreign<T> {
  let resolve = (_value: T): void => {};
  let reject = (_error: unknown): void => {};
  const promise = new Promise<T>((fulfil, fail) => {
    resolve = fulfil;
    reject = fail;
  });
  return { promise, resolve, reject };
}
