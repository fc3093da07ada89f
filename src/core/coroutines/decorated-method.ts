import { typeError } from '../../base/errors/refusals.ts';

/** The part of a decorator's context that is used here. */
export interface DecoratedMethod {
  /** `'method'`, or another kind. */
  readonly kind: string;
}

/**
 * Checks whether a function like {@link coroutine} was called as a decorator, and may be one there.
 *
 * @param name - the function's name
 * @param context - the second argument: an object for a standard decorator, the method's name for
 *   an `experimentalDecorators` one. Anything else means that it is not a decorator, such as the
 *   index in `map()`
 * @throws {TypeError} when it cannot be a decorator there
 */
export function checkDecorated(name: string, context: unknown): void {
  if (typeof context === 'string' || typeof context === 'symbol')
    throw typeError(`@${name} is a standard decorator: switch experimentalDecorators off`);
  const { kind = 'method' } = Object(context) as Partial<DecoratedMethod>;
  if (kind !== 'method') throw typeError(`@${name} is for methods, not for a ${kind}`);
}
