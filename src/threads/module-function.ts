import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { typeError } from '../base/errors/refusals.ts';
import { brief } from '../base/printing/repr.ts';
import { ModuleFunction } from './executor.ts';

/**
 * Names a function that a module exports, for `toThread()` and `loop.runInExecutor()`. The thread
 * loads the module itself, once.
 *
 * ```ts
 * // A module of your own would be new URL('./digest.js', import.meta.url).
 * const gzip = asyncio.moduleFunction<typeof import('node:zlib').gzipSync>(
 *   new URL('node:zlib'),
 *   'gzipSync',
 * );
 * const packed = await asyncio.toThread(gzip, 'text');
 * ```
 *
 * @typeParam F - the type of the function
 * @param module - the URL of the module, or its absolute path
 * @param name - the name of the export; by default the default export
 * @throws {TypeError} when `module` is neither, such as a relative path
 */
export function moduleFunction<F extends (...args: never[]) => unknown>(
  module: URL | string,
  name = 'default',
): ModuleFunction<Parameters<F>, ReturnType<F>> {
  if (typeof name !== 'string')
    throw typeError(`the name of an export was expected, got ${brief(name)}`);
  return new ModuleFunction(urlOf(module), name);
}

function urlOf(module: URL | string): string {
  if (module instanceof URL) return module.href;
  if (typeof module === 'string') {
    if (isAbsolute(module)) return pathToFileURL(module).href;
    if (URL.canParse(module)) return new URL(module).href;
  }
  throw typeError(
    `a URL or an absolute path was expected, got ${brief(module)}: write new URL('./module.js', import.meta.url)`,
  );
}
