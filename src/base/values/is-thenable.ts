/**
 * Does `value` have a `then()`, so that `await` waits for it? It may be a function: the query
 * builders of some database libraries can be called and awaited.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
