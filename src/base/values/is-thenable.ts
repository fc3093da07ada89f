/**
 * Has `value` a `then()`, so that `await` waits for it? Functions may have one, too: the builders of some
 * database libraries are called and awaited.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
