import { types } from 'node:util';
import { brief } from '../base/printing/repr.ts';
import { Coroutine, iscoroutinefunction } from '../core/coroutines/coroutine.ts';

/**
 * @param isStrict - refuse `async` functions, too?
 * @throws {TypeError} when `callback` is not a function, or is a coroutine or a coroutine function
 */
export function checkCallback(callback: unknown, method: string, isStrict: boolean): void {
  if (
    callback instanceof Coroutine ||
    iscoroutinefunction(callback) ||
    (isStrict && types.isAsyncFunction(callback))
  )
    throw new TypeError(`coroutines cannot be used with ${method}()`);
  if (typeof callback !== 'function')
    throw new TypeError(`a callable object was expected by ${method}(), got ${brief(callback)}`);
}
