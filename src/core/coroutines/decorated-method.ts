/** The part of a decorator's context that is used here. */
export interface DecoratedMethod {
  /** `'method'`, or what else it is. */
  readonly kind: string;
}

/**
 * Looks whether a function that makes another one was called as a decorator, and whether it can be one.
 *
 * @param name - the function's
 * @param context - the second argument: of a standard decorator it is an object, and of one under
 *   `experimentalDecorators` the name of the method. Whatever else it is, it is no decorator: the
 *   index in `map()`, for instance
 * @throws {TypeError} when it cannot
 */
export function checkDecorated(name: string, context: unknown): void {
  if (typeof context === 'string' || typeof context === 'symbol')
    throw new TypeError(`@${name} is a standard decorator: switch experimentalDecorators off`);
  const { kind = 'method' } = Object(context) as Partial<DecoratedMethod>;
  if (kind !== 'method') throw new TypeError(`@${name} is for methods, not for a ${kind}`);
}
