import { types } from 'node:util';
import { typeError } from '../base/errors/refusals.ts';
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
    throw typeError(`coroutines cannot be used with ${method}()`);
  if (typeof callback !== 'function')
    throw typeError(`a callable object was expected by ${method}(), got ${brief(callback)}`);
}
